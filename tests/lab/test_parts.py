"""The real parts: how they are pinned, built and found, and that each of them runs."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from parts_fixture import need, need_namespaces, scene

from aksess.errors import AksessError, PartMissing
from aksess.lab.namespaces import entering
from aksess.lab.parts import NAMES, available, cache, part

PARTS = Path(__file__).resolve().parents[2] / "parts"


# How parts are found.


def keep(folder: Path, name: str, program: str, version: str = "1.2.3") -> Path:
    """Lay a part into a cache as parts/build.py does."""
    built = folder / name / f"{version}-0123456789ab"
    built.mkdir(parents=True)
    (built / program).write_text("#!/bin/sh\n")
    (built / program).chmod(0o755)
    (built / "part.json").write_text(json.dumps({"name": name, "version": version, "program": program}))
    (folder / name / "current").symlink_to(built.name)
    return built / program


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache without parts, and a PATH without programs."""
    monkeypatch.setenv("AKSESS_PARTS", str(tmp_path / "parts"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    return tmp_path


def test_a_part_is_found_in_the_cache(empty: Path) -> None:
    program = keep(empty / "parts", "kube", "kube", "1.36.3")
    found = part("kube")
    assert (found.path, found.version, found.command) == (program, "1.36.3", (str(program),))
    assert found.folder == program.parent


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("kube-apiserver", "apiserver"),
        ("kube-proxy", "proxy"),
        ("kube-controller-manager", "endpoints"),
        ("kubectl", "kubectl"),
        ("etcd", "etcd"),
    ],
)
def test_kube_is_several_programs(empty: Path, name: str, word: str) -> None:
    program = keep(empty / "parts", "kube", "kube")
    assert part(name).command == (str(program), word)


@pytest.mark.parametrize("name", ["kube-apiserver", "etcd", "kubectl"])
def test_the_assets_of_envtest_come_first(empty: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Source: controller-runtime pkg/internal/testing/process/bin_path_finder.go, KUBEBUILDER_ASSETS."""
    built = keep(empty / "parts", "kube", "kube")
    assets = empty / "assets"
    assets.mkdir()
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(assets))
    assert part(name).path == built, "an empty folder of assets hides nothing"
    (assets / name).write_text("")
    (assets / name).chmod(0o755)
    assert part(name).command == (str(assets / name),)
    assert part("kube-proxy").path == built


def test_a_part_is_found_in_path(empty: Path) -> None:
    (empty / "bin").mkdir()
    for program in ("tofu", "helm"):
        (empty / "bin" / program).write_text("")
        (empty / "bin" / program).chmod(0o755)
    assert part("opentofu").path == empty / "bin" / "tofu"
    assert part("helm").version == ""
    built = keep(empty / "parts", "helm", "helm", "3.0.0")
    assert part("helm").path == built, "what was built and pinned comes before what happens to be there"


@pytest.mark.parametrize(
    ("name", "asked"), [("kube", "kube"), ("kube-proxy", "kube"), ("traefik", "traefik"), ("sndbuf", "sndbuf")]
)
def test_a_missing_part_names_the_command_that_gets_it(empty: Path, name: str, asked: str) -> None:
    with pytest.raises(PartMissing, match=rf"the part {name} is not here .*python parts/build.py --only {asked}\)"):
        part(name)
    assert issubclass(PartMissing, AksessError)
    assert f"--only {asked}" in str(available()[name])


def test_a_missing_package_is_asked_of_debian(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aksess.lab.parts._SYSTEM_FOLDERS", "")
    with pytest.raises(PartMissing, match=r"--only debian"):
        part("nft")


def test_there_is_no_other_part(empty: Path) -> None:
    with pytest.raises(KeyError):
        part("kubelet")


def test_available_says_something_about_every_part() -> None:
    assert set(available()) == set(NAMES)


def test_the_cache_is_where_the_environment_says() -> None:
    assert cache({"AKSESS_PARTS": "/somewhere"}) == Path("/somewhere")
    assert cache({"XDG_CACHE_HOME": "/caches"}) == Path("/caches/aksess/parts")
    assert cache({}) == Path.home() / ".cache" / "aksess" / "parts"


def test_a_needed_part_is_a_skip_or_a_failure(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AKSESS_REQUIRE_PARTS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="the part kube is not here"):
        need("kube")
    monkeypatch.setenv("AKSESS_REQUIRE_PARTS", "1")
    with pytest.raises(pytest.fail.Exception, match="the part kube is not here"):
        need("kube")


# How parts are pinned and built.


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """parts/build.py as a module."""
    spec = importlib.util.spec_from_file_location("parts_build", PARTS / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "parts_build", module)
    spec.loader.exec_module(module)
    return module


def test_the_seam_knows_what_is_built(build: ModuleType) -> None:
    recipes, packages = build.load()
    assert {each.name for each in recipes} <= set(NAMES)
    assert {sign for sign in packages.values() if not sign.startswith("/")} <= set(NAMES)


def test_the_builder_and_the_seam_mean_the_same_cache(build: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("AKSESS_PARTS", "/a"), ("XDG_CACHE_HOME", "/b")):
        monkeypatch.setenv(name, value)
        assert build.cache() == cache()
        monkeypatch.delenv(name)
    assert build.cache() == cache()


def test_every_recipe_is_pinned_by_digests(build: ModuleType) -> None:
    recipes, _ = build.load()
    for recipe in recipes:
        assert recipe.version
        assert recipe.c or any((recipe.source / pins).exists() for pins in ("go.sum", "requirements.txt"))
        if recipe.wheel:
            assert "--hash=sha256:" in (recipe.source / "requirements.txt").read_text()


def test_kubernetes_is_one_version() -> None:
    """Source: k8s.io/kubernetes go.mod, which replaces each of its libraries by the one in its own tree."""
    pins = (PARTS / "kube" / "go.mod").read_text()
    (minor,) = re.findall(r"k8s\.io/kubernetes v1\.(\S+)", pins)
    replaced = re.findall(r"^\tk8s\.io/\S+ => k8s\.io/\S+ v(\S+)$", pins, re.MULTILINE)
    assert len(replaced) == 33
    assert set(replaced) == {f"0.{minor}"}


@pytest.fixture
def tiny(build: ModuleType, empty: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A builder whose only part is a file; the builds are counted in `built`."""
    source = empty / "source"
    (source / "tiny").mkdir(parents=True)
    (source / "tiny" / "tiny.c").write_text("int tiny;\n")
    monkeypatch.setattr(build, "HERE", source)
    monkeypatch.setattr(build, "built", [], raising=False)

    def copy(recipe: object, into: Path) -> None:
        build.built.append(into)
        (into / "tiny.so").write_bytes((source / "tiny" / "tiny.c").read_bytes())

    monkeypatch.setattr(build, "build_c", copy)
    return build


def recipe_of(build: ModuleType, **changed: object) -> object:
    return build.Recipe.of("tiny", {"about": "a file", "c": "tiny/tiny.c", "program": "tiny.so", **changed})


def test_a_part_is_built_once(tiny: ModuleType, empty: Path) -> None:
    recipe = recipe_of(tiny)
    assert tiny.ensure(recipe) == "built"
    assert tiny.ensure(recipe) == "cached"
    assert len(tiny.built) == 1
    folder = empty / "parts" / "tiny"
    assert (folder / "current" / "tiny.so").read_text() == "int tiny;\n"
    assert json.loads((folder / "current" / "part.json").read_text())["program"] == "tiny.so"
    assert sorted(each.name for each in (empty / "parts").iterdir()) == ["tiny"], "nothing is left of the building"


def test_a_part_is_built_anew_when_what_it_is_made_from_changes(tiny: ModuleType, empty: Path) -> None:
    first = recipe_of(tiny)
    tiny.ensure(first)
    assert recipe_of(tiny, about="other words").digest == first.digest
    assert recipe_of(tiny, copies={"a": "b"}).digest != first.digest
    (empty / "source" / "tiny" / "tiny.c").write_text("int other;\n")
    assert tiny.ensure(recipe_of(tiny)) == "built"
    folder = empty / "parts" / "tiny"
    assert (folder / "current" / "tiny.so").read_text() == "int other;\n"
    assert len(list(folder.iterdir())) == 3, "two versions and the link to the newer one"


def test_a_build_that_fails_leaves_nothing(
    tiny: ModuleType, empty: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(recipe: object, into: Path) -> None:
        (into / "half").write_text("")
        raise tiny.CannotBuild("no compiler")

    monkeypatch.setattr(tiny, "build_c", fail)
    assert tiny.make([recipe_of(tiny)], {}) is False
    assert "no compiler" in capsys.readouterr().out
    assert list((empty / "parts").iterdir()) == []


def test_a_part_that_somebody_else_built_meanwhile_is_taken(tiny: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = recipe_of(tiny)

    def both(asked: object, into: Path) -> None:
        (into / "tiny.so").write_text("mine")
        recipe.folder.mkdir(parents=True)
        (recipe.folder / "tiny.so").write_text("theirs")

    monkeypatch.setattr(tiny, "build_c", both)
    tiny.ensure(recipe)
    assert (recipe.folder / "tiny.so").read_text() == "theirs"


def test_without_rights_the_builder_names_the_command(build: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(build.CannotBuild, match=r"sudo apt-get install -y --no-install-recommends alpha$"):
        build.ensure_packages({"alpha": "no-such-program", "beta": "sh"})
    assert build.ensure_packages({"beta": "sh"}) == "there"


def test_a_program_that_is_not_installed_is_named(
    build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(build.CannotBuild, match="no-such-compiler cannot be run: "):
        build.run("no-such-compiler")
    with pytest.raises(build.CannotBuild, match=r"(?s)failed:.*what is wrong"):
        build.run("sh", "-c", "echo what is wrong >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(build.CannotBuild, match=r"go cannot be run: .* \(Go 1\.26 or newer: https://go\.dev/dl\)"):
        build.run("go", "version")


# What nginx is given instead of the configuration that the controller wrote.

WRITTEN = """\
pid /tmp/nginx/nginx.pid;
http {
    lua_package_path "/etc/nginx/lua/?.lua;;";
    set_real_ip_from 10.0.0.0/8;
    server {
        listen 443 ssl;
        http2 on;
        location / {
            rewrite_by_lua_block {
                lua_ingress.rewrite({})
            }
            allow 203.0.113.0/24;
            deny all;
        }
    }
}
stream {
    lua_package_path "/etc/nginx/lua/?.lua;/etc/nginx/lua/vendor/?.lua;;";
    init_by_lua_block {
        if not ok then { error("{}") }
    }
    lua_add_variable $proxy_upstream_name;
    upstream upstream_balancer {
        server 0.0.0.1:1234; # placeholder
        balancer_by_lua_block {
          tcp_udp_balancer.balance()
        }
    }
    server {
        listen 127.0.0.1:10247;
        content_by_lua_block {
          tcp_udp_configuration.call()
        }
    }
    server {
        preread_by_lua_block {
            ngx.var.proxy_upstream_name="tcp-default-db-5432";
        }
        listen 5432;
        allow 198.51.100.0/24;
        proxy_pass upstream_balancer;
    }
}
"""

READ = """\
pid /tmp/nginx/nginx.pid;
http {
    lua_package_path "LUA/?.lua;/etc/nginx/lua/?.lua;;";
    set_real_ip_from 10.0.0.0/8;
    server {
        listen 443 ssl;
        location / {
            rewrite_by_lua_block {
                lua_ingress.rewrite({})
            }
            allow 203.0.113.0/24;
            deny all;
        }
    }
}
stream {
    map "" $proxy_upstream_name { default "-"; }
    upstream upstream_balancer {
        server 192.0.2.9:99; # placeholder
    }
    server {
        listen 127.0.0.1:10247;
        return "";
    }
    server {
        listen 5432;
        allow 198.51.100.0/24;
        proxy_pass upstream_balancer;
    }
}
"""


def words_of(configuration: str) -> list[str]:
    return [line for line in (each.strip() for each in configuration.splitlines()) if line]


def test_nginx_gets_a_copy_that_it_can_read(tmp_path: Path) -> None:
    """Source: kubernetes/ingress-nginx rootfs/etc/nginx/template/nginx.tmpl (shape), controller/util.go (calls)."""
    wrapper = need("ingress-nginx").folder / "nginx"
    (tmp_path / "nginx").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "nginx").chmod(0o755)
    (tmp_path / "nginx.conf").write_text(WRITTEN)
    path = f"{wrapper.parent}:{tmp_path}:{os.environ['PATH']}"
    called = subprocess.run(
        [wrapper, "-c", tmp_path / "nginx.conf", "-s", "reload"],
        env={"PATH": path, "STREAM_BACKEND": "192.0.2.9:99"},
        capture_output=True,
        text=True,
        check=True,
    )
    copy = tmp_path / "nginx.conf.debian"
    assert called.stdout.split() == ["-c", str(copy), "-s", "reload"]
    assert (tmp_path / "nginx.conf").read_text() == WRITTEN
    lines = words_of(copy.read_text())
    head = [line for line in lines if line.startswith(("load_module ", "user "))]
    assert "load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;" in head
    assert lines[: len(head)] == head
    assert lines[len(head) :] == words_of(READ.replace("LUA", f"{wrapper.parent}/lua"))


# Each part runs for real, in namespaces of its own.


def test_a_lab_leaves_nothing_behind() -> None:
    need("ingress-nginx")
    need("nginx-lua")
    seen = scene("nothing_leaks")
    assert seen == {"written": True, "links": ["lo"], "process": True}
    assert not Path("/etc/ingress-controller/written").exists()


def test_a_program_that_dies_says_why() -> None:
    assert scene("a_program_that_fails") == "sh ended with 3; it said: what is wrong"


def test_the_api_server_answers() -> None:
    version = need("kube").version
    seen = scene("api_answers")
    assert seen["version"] == f"v{version}"
    assert (seen["same"], seen["stopped"]) == (True, True)
    assert seen["refused"]["status"] == 422
    assert "loadBalancerSourceRanges" in seen["refused"]["text"].replace("Load", "load")


def test_the_api_server_of_envtest_answers(tmp_path: Path) -> None:
    """With KUBEBUILDER_ASSETS the server and its etcd are two programs."""
    kube = need("kube")
    for name, word in (("kube-apiserver", "apiserver"), ("etcd", "etcd"), ("kubectl", "kubectl")):
        (tmp_path / name).write_text(f'#!/bin/sh\nexec {kube.path} {word} "$@"\n')
        (tmp_path / name).chmod(0o755)
    assert scene("api_answers", KUBEBUILDER_ASSETS=str(tmp_path))["version"] == f"v{kube.version}"


def test_endpoints_follow_pods() -> None:
    need("kube")
    assert scene("endpoints_follow_pods") == ["10.244.0.10"]


@pytest.mark.parametrize("mode", ["nftables", "iptables"])
def test_kube_proxy_writes_rules(mode: str) -> None:
    for name in ("kube", "sndbuf", "nft", "iptables", "conntrack"):
        need(name)
    seen = scene("kube_proxy_writes_rules", mode)
    assert seen == {"rules": True, "inside": 200, "outside": "TimeoutError", "inside, kube-proxy gone": 200}


@pytest.mark.parametrize(("mode", "services"), [("nftables", 150), ("iptables", 40)])
def test_kube_proxy_writes_many_rules(mode: str, services: int) -> None:
    """Fails with "Message too long" without the part sndbuf: nftables from about 100 Services on, iptables from 25."""
    for name in ("kube", "sndbuf", "nft", "iptables", "conntrack"):
        need(name)
    assert scene("kube_proxy_writes_many", mode, str(services)) == {"missing": [], "too long": False}


def test_a_send_buffer_can_be_had_in_a_user_namespace() -> None:
    """Source: Linux net/core/sock.c, sk_setsockopt: SO_SNDBUFFORCE asks for CAP_NET_ADMIN of the host."""
    shim = need("sndbuf")
    assert scene("send_buffer") == "refused"
    assert scene("send_buffer", LD_PRELOAD=str(shim.path)) == 2 << 17


def test_ingress_nginx_judges() -> None:
    for name in ("kube", "ingress-nginx", "nginx", "nginx-lua"):
        need(name)
    assert scene("ingress_nginx_judges") == {
        "listed": 200,
        "unlisted": 403,
        "unknown host": 404,
        "directives": ["allow 203.0.113.0/24;"],
        "nginx reads the same": True,
        "unlisted, once listed": 200,
        "stopped": "ConnectionRefusedError",
        "another class": 404,
    }


@pytest.mark.parametrize(
    ("name", "words"), [("traefik", ["version"]), ("envoy", ["--version"]), ("nginx", ["-v"]), ("haproxy", ["-v"])]
)
def test_proxies_say_their_version(name: str, words: list[str]) -> None:
    proxy = need(name)
    need_namespaces()
    said = subprocess.run(entering([*proxy.command, *words]), capture_output=True, text=True, check=True)
    assert proxy.version in said.stdout + said.stderr
    assert re.search(r"\d+\.\d+\.\d+", said.stdout + said.stderr)
