"""What the commands promise (contract §3 to §7): forms of output, exit codes, one-line errors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli.conftest import Run

SHOP = "https://shop.example.com/admin"


def test_explain_says_which_rule_decides(run: Run, demo: str) -> None:
    told = run("explain", "45.155.205.9", SHOP, "-f", demo)
    assert told.code == 0
    assert "denied · 403 forbidden" in told.out
    deciding = next(line for line in told.out.splitlines() if line.startswith("▶"))
    assert "controller" in deciding
    assert "Ingress shop/admin" in deciding
    assert "applications.yaml:24" in told.out
    assert not told.err


def test_explain_json_is_that_of_the_contract(run: Run, demo: str) -> None:
    told = json.loads(run("explain", "45.155.205.9", SHOP, "-f", demo, "-o", "json").out)
    assert told["schemaVersion"] == "1"
    assert (told["source"], told["target"], told["verdict"]) == ("45.155.205.9", SHOP, "denied")
    outcome = told["outcomes"][0]
    assert (outcome["verdict"], outcome["effect"], outcome["status"]) == ("denied", "forbidden", 403)
    assert outcome["sources"] == ["45.155.205.9/32"]
    decided = outcome["decidedBy"]
    assert decided["layer"] == "controller"
    assert decided["field"] == "metadata.annotations['nginx.ingress.kubernetes.io/whitelist-source-range']"
    assert decided["line"] == 24
    assert [each["layer"] for each in told["hops"]] == [
        "load-balancer",
        "subnet-nsg",
        "nic-nsg",
        "kube-proxy",
        "controller",
    ]
    assert told["seenAs"] == ["45.155.205.9/32"]
    assert {"assumptions", "findings"} <= told.keys()


@pytest.mark.parametrize(("verdict", "code"), [("denied", 0), ("allowed", 2)])
def test_expect_is_an_assertion(run: Run, demo: str, verdict: str, code: int) -> None:
    assert run("explain", "45.155.205.9", SHOP, "-f", demo, "--expect", verdict).code == code


def test_outcomes_divide_a_range_exactly(run: Run, demo: str) -> None:
    told = json.loads(run("explain", "203.0.112.0/23", SHOP, "-f", demo, "-o", "json").out)
    assert told["verdict"] == "mixed"
    divided = {each["verdict"]: each["sources"] for each in told["outcomes"]}
    assert divided == {"allowed": ["203.0.113.0/24"], "denied": ["203.0.112.0/24"]}


def test_who_json(run: Run, demo: str) -> None:
    told = json.loads(run("who", SHOP, "-f", demo, "-o", "json").out)
    assert told["target"] == SHOP
    assert told["allowed"]["cidrs"] == ["198.51.100.7/32", "203.0.113.0/24"]
    assert told["allowed"]["internet"] is False
    assert told["indeterminate"]["cidrs"] == []
    assert {"layer": "controller", "resource": "Ingress shop/admin"} in told["narrowedBy"]


def test_audit_json_is_that_of_the_contract_and_stable(run: Run, demo: str) -> None:
    first = run("audit", "-f", demo, "-o", "json")
    assert first.code == 2
    assert first.out == run("audit", "-f", demo, "-o", "json").out
    told = json.loads(first.out)
    admin = next(each for each in told["exposures"] if each["id"] == "https://shop.example.com/admin@20.50.60.70:443")
    assert admin["entry"] == {"address": "20.50.60.70", "port": 443, "protocol": "TCP"}
    assert admin["backend"] == {"namespace": "shop", "service": "admin", "port": 80}
    assert admin["application"] == {"kind": "Ingress", "namespace": "shop", "name": "admin"}
    finding = next(each for each in told["findings"] if each["check"] == "allow-list-ignored")
    assert finding["severity"] == "error"
    assert finding["resource"]["name"] == "reports"
    assert finding["line"] == 72
    assert finding["fix"]
    assert told["unread"] == []


@pytest.mark.parametrize(("threshold", "code"), [("error", 2), ("warning", 2), ("note", 2), ("never", 0)])
def test_fail_on_sets_the_threshold(run: Run, demo: str, threshold: str, code: int) -> None:
    assert run("audit", "-f", demo, "--fail-on", threshold).code == code


def test_audit_without_errors_ends_with_zero(run: Run, tmp_path: Path) -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}}
    (tmp_path / "a.json").write_text(json.dumps(service))
    assert run("audit", "-f", str(tmp_path)).code == 0


def test_as_of_decides_what_is_past_its_end(run: Run, demo: str) -> None:
    def retired(day: str) -> bool:
        return "controller-retired" in run("audit", "-f", demo, "--as-of", day).out

    assert not retired("2026-03-31")
    assert retired("2026-04-01")


def test_diff_of_two_folders(run: Run, demo: str, tmp_path: Path) -> None:
    for file in Path(demo).glob("*.*"):
        text = file.read_text()
        (tmp_path / file.name).write_text(text.replace("203.0.113.0/24, 198.51.100.7\n", "203.0.113.0/25\n"))
    told = json.loads(run("diff", "-f", demo, "--to", str(tmp_path), "-o", "json").out)
    assert told == [
        {
            "exposure": "https://shop.example.com/admin@20.50.60.70:443",
            "gained": {"cidrs": []},
            "lost": {"cidrs": ["198.51.100.7/32", "203.0.113.128/25"]},
            "uncertain": {"cidrs": []},
        }
    ]
    assert "nobody gains or loses access" in run("diff", "-f", demo, "--to", demo).out
    assert run("diff", "-f", demo, "--to", str(tmp_path), "--detailed-exitcode").code == 2


def test_egress_lists_requirements_and_what_nothing_needs(run: Run, demo: str) -> None:
    told = json.loads(run("egress", "-f", demo, "-o", "json").out)
    assert {each["requirement"] for each in told["requirements"]} >= {"api-server", "images"}
    assert all(each["source"] for each in told["requirements"])
    assert [each["rule"]["rule"] for each in told["allowances"] if each["obsolete"]] == ["tunnel"]


def test_checks_lists_and_shows(run: Run) -> None:
    listed = json.loads(run("checks", "-o", "json").out)["checks"]
    assert {
        "check": "allow-list-invalid",
        "severity": "error",
        "title": "a list entry that its reader refuses",
    } in listed
    assert "# allow-list-invalid" in run("checks", "allow-list-invalid", "-o", "markdown").out


def test_demo_writes_an_estate_and_keeps_what_is_there(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    told = run("demo", "--to", str(folder))
    assert told.code == 0
    assert f"-f {folder}" in told.out
    (folder / "applications.yaml").write_text("# mine\n")
    run("demo", "--to", str(folder))
    assert (folder / "applications.yaml").read_text() == "# mine\n"


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
@pytest.mark.parametrize("words", [("explain", "203.0.113.7", SHOP), ("who", SHOP), ("audit",), ("egress",)])
def test_every_form_of_every_answer(run: Run, demo: str, words: tuple[str, ...], form: str) -> None:
    told = run(*words, "-f", demo, "-o", form)
    assert told.code in {0, 2}
    assert told.out.endswith("\n")
    assert not told.err


# --- exact requests ---------------------------------------------------------------------------------------------------


def test_a_header_that_nobody_trusts_changes_nothing(run: Run, demo: str) -> None:
    words = ("explain", "45.155.205.9", SHOP, "-f", demo, "-o", "json")
    told = json.loads(run(*words, "--header", "X-Forwarded-For: 203.0.113.7").out)
    assert told["verdict"] == "denied"


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--header", "nonsense", "--header: 'nonsense' is no header"),
        ("--proxy-line", "x", "--proxy-line: 'x' is no address"),
    ],
)
def test_wrong_requests(run: Run, demo: str, option: str, value: str, message: str) -> None:
    told = run("explain", "45.155.205.9", SHOP, "-f", demo, option, value)
    assert told.code == 1
    assert message in told.err


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("explain", "banana!", SHOP, "-f", "DEMO"), "'banana!' is no source"),
        (("explain", "300.1.1.1", SHOP, "-f", "DEMO"), "'300.1.1.1' is no source"),
        (("explain", "Sql", SHOP, "-f", "DEMO"), "service tag Sql is in no tag file of the input"),
        (("explain", "203.0.113.7", "shop", "-f", "DEMO"), "'shop' is no target"),
        (("explain", "203.0.113.7", "tcp://1.2.3.4:5", "-f", "DEMO"), "nothing in the input has the address 1.2.3.4"),
        (("who", "tcp://shop/nothing:80", "-f", "DEMO"), "no Service shop/nothing in the input"),
        (("who", "api-server/other", "-f", "DEMO"), "no managed cluster other in the input"),
        (("audit",), "no input was given"),
        (("audit", "-f", "no/such/folder"), "no/such/folder does not exist"),
        (("audit", "-f", "DEMO", "--caller", "me"), "'me' is no address"),
        (("diff", "-f", "DEMO"), "nothing to compare with"),
        (("checks", "allow-list-invalit"), "did you mean allow-list-invalid?"),
        (("explode",), "explode"),
        (("audit", "-f", "DEMO", "-o", "pdf"), "pdf"),
    ],
)
def test_a_wrong_question_is_one_line(run: Run, demo: str, words: tuple[str, ...], message: str) -> None:
    told = run(*(demo if word == "DEMO" else word for word in words))
    assert told.code == 1
    assert not told.out
    assert message in told.err
    assert told.err.startswith("aksess: ")
    assert len(told.err.strip().splitlines()) == 1


def test_debug_shows_where_an_unexpected_error_comes_from(run: Run, demo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr("aksess.library.audit", broken)
    told = run("audit", "-f", demo)
    assert told.code == 1
    assert "RuntimeError: planted" in told.err
    assert "Traceback" not in told.err
    with pytest.raises(RuntimeError, match="planted"):
        run("audit", "-f", demo, "--debug")


def test_a_closed_pipe_is_no_error(demo: str) -> None:
    command = [sys.executable, "-c", "from aksess.cli import main; main()", "audit", "-f", demo, "-o", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()


# --- start-up ---------------------------------------------------------------------------------------------------------


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from aksess.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'msgspec', 'yaml', 'pydantic', 'jinja2', 'aksess.library'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_completion_can_be_installed(run: Run) -> None:
    assert "install-completion" in run("--help").out
