"""`aksess policy`, `plan`, `show` and `predict` as a user types them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cli.conftest import Run

POLICY = """
apiVersion: aksess.dev/v1alpha1
kind: AccessPolicy
metadata: {name: offices-only, namespace: shop}
spec:
  targetRefs: [{kind: Ingress, name: admin}]
  allow: [{cidr: 203.0.113.0/24, reason: office}]
"""
ADMIN = "https://shop.example.com/admin@20.50.60.70:443"


@pytest.fixture
def policy(tmp_path: Path) -> str:
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY)
    return str(file)


def test_init_describes_today_and_planning_it_changes_nothing(run: Run, demo: str, tmp_path: Path) -> None:
    told = run("policy", "init", "-f", demo)
    assert told.code == 0
    assert "not said: Ingress billing/invoices: nobody reaches it" in told.err
    assert "public: true" in told.out
    file = tmp_path / "today.yaml"
    file.write_text(told.out)
    planned = run("plan", "-f", demo, "-p", str(file), "--detailed-exitcode")
    assert (planned.code, planned.out) == (0, "nothing to do: the estate is what the policies say\n")
    assert run("policy", "check", "-f", demo, "-p", str(file)).code == 0


def test_check_says_who_differs(run: Run, demo: str, policy: str) -> None:
    told = run("policy", "check", "-p", policy, "-f", demo)
    assert told.code == 2
    assert f"{ADMIN}: 198.51.100.7/32 let in all the same" in " ".join(told.out.split())
    assert run("policy", "check", "-p", policy).out == "the policies are well formed\n"
    assert json.loads(run("policy", "check", "-p", policy, "-f", demo, "-o", "json").out)["holds"] is False


def test_plan_json_is_that_of_the_contract(run: Run, demo: str, policy: str) -> None:
    told = run("plan", "-f", demo, "-p", policy, "-o", "json", "--detailed-exitcode")
    assert told.code == 2
    plan = json.loads(told.out)
    assert plan["schemaVersion"] == "1"
    assert re.fullmatch("sha256:[0-9a-f]{64}", plan["estate"])
    assert plan["policies"] == ["AccessPolicy shop/offices-only"]
    (change,) = plan["changes"]
    assert change["action"] == "update"
    assert change["layer"] == "controller"
    assert change["field"] == "metadata.annotations['nginx.ingress.kubernetes.io/whitelist-source-range']"
    assert change["resource"] == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "namespace": "shop",
        "name": "admin",
    }
    assert (change["before"], change["after"]) == ("203.0.113.0/24, 198.51.100.7", "203.0.113.0/24")
    assert change["because"] == ["AccessPolicy shop/offices-only"]
    assert plan["access"] == [{"exposure": ADMIN, "gained": {"cidrs": []}, "lost": {"cidrs": ["198.51.100.7/32"]}}]
    assert (plan["refused"], plan["warnings"]) == ([], [])


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_show_says_what_plan_said(run: Run, demo: str, policy: str, tmp_path: Path, form: str) -> None:
    out = str(tmp_path / "plan.json")
    planned = run("plan", "-f", demo, "-p", policy, "--out", out, "-o", form)
    shown = run("show", out, "-o", form)
    assert (planned.code, shown.code) == (0, 0)
    assert shown.out == planned.out
    assert "shop/admin" in shown.out or form == "json"


def test_predict_writes_the_estate_after_the_plan(run: Run, demo: str, policy: str, tmp_path: Path) -> None:
    out, after = str(tmp_path / "plan.json"), str(tmp_path / "after")
    run("plan", "-f", demo, "-p", policy, "--out", out)
    assert run("predict", out, "--to", after).code == 0
    assert "203.0.113.0/24 get in" in run("who", "https://shop.example.com/admin", "-f", after).out
    assert run("plan", "-f", after, "-p", policy, "--detailed-exitcode").code == 0


def test_a_plan_is_bound_to_its_estate(run: Run, demo: str, policy: str, tmp_path: Path) -> None:
    estate = tmp_path / "estate"
    estate.mkdir()
    for file in Path(demo).glob("*.*"):
        if file.suffix in {".yaml", ".json"}:
            (estate / file.name).write_bytes(file.read_bytes())
    out = str(tmp_path / "plan.json")
    run("plan", "-f", str(estate), "-p", policy, "--out", out)
    changed = estate / "applications.yaml"
    changed.write_text(changed.read_text().replace("198.51.100.7", "198.51.100.8"))
    told = run("predict", out, "--to", str(tmp_path / "after"))
    assert told.code == 1
    assert "the estate is not the one that this plan was made from (plan again)" in told.err


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"kind": "aksess-plan"}', "\x00\xff"])
def test_what_is_no_plan(run: Run, tmp_path: Path, text: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(text, encoding="latin-1")
    told = run("show", str(file))
    assert told.code == 1
    assert "is no plan" in told.err
    assert len(told.err.splitlines()) == 1


def test_a_plan_that_somebody_edited(run: Run, demo: str, policy: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    run("plan", "-f", demo, "-p", policy, "--out", str(file))
    file.write_text(file.read_text().replace('"after": "203.0.113.0/24"', '"after": "0.0.0.0/0"'))
    assert "0.0.0.0/0" in file.read_text()
    assert "its changes are not what was planned" in run("show", str(file)).err


def test_a_refused_plan(run: Run, demo: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY.replace("admin", "shop").replace("203.0.113.0/24", "10.99.0.0/16"))
    out = tmp_path / "plan.json"
    told = run("plan", "-f", demo, "-p", str(file), "--out", str(out))
    assert told.code == 1
    assert "10.99.0.0/16 kept out; what narrows this way in: networkSecurityGroup edge" in " ".join(told.out.split())
    assert "refused" in told.out
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plan", "-p", "x.yaml"], "no input was given"),
        (["plan", "-f", "."], "no policy was given"),
        (["policy", "check"], "no policy was given"),
        (["policy", "init"], "no input was given"),
        (["policy", "check", "-p", "nowhere.yaml"], "nowhere.yaml: cannot be read: No such file or directory"),
    ],
)
def test_what_is_missing_is_said_in_one_line(run: Run, words: list[str], said: str) -> None:
    told = run(*words)
    assert told.code == 1
    assert said in told.err
    assert len(told.err.splitlines()) == 1


def test_export_writes_what_carries_the_plan_out(run: Run, demo: str, policy: str, tmp_path: Path) -> None:
    out, folder = str(tmp_path / "plan.json"), tmp_path / "scripts"
    run("plan", "-f", demo, "-p", policy, "--out", out)
    assert run("export", out, "--as", "kubectl", "--to", str(folder)).code == 0
    assert "kubectl patch ingress/admin --namespace shop" in (folder / "apply.sh").read_text()
    assert (folder / "undo.sh").stat().st_mode & 0o111
    told = run("export", out, "--as", "az", "--to", str(folder))
    assert (told.code, "the plan changes nothing in Azure" in told.err) == (1, True)
    assert "none of az, bicep" in run("export", out, "--as", "chef", "--to", str(folder)).err
