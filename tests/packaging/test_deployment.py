"""The files in deploy/ are what they say: they parse, name what there is, and start what can be started."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import typer.main
import yaml
from promql_parser import VectorSelector

from greenroom.cli.entry import app
from greenroom.cli.unit import HARDENING, quoted
from greenroom.observation.server import PATHS
from greenroom.observation.tally import OUTCOMES
from greenroom.origins.feed_program import MOST_MEMORY
from greenroom.storage import State
from greenroom.turns.reasons import OTHER, REASONS, USUAL

ROW = re.compile(r"^\| `([a-z_]+)` \| ((?:`\w+` ?)*) ?\| (.*) \|$", re.MULTILINE)
PORT = 9464
VALUES = {
    "state": {state.word for state in State},
    "outcome": set(OUTCOMES),
    "reason": {*REASONS, USUAL, OTHER, "approval"},
}


@pytest.fixture(scope="module")
def deploy(root: Path) -> Path:
    return root / "deploy"


@pytest.fixture(scope="module")
def metrics(root: Path) -> dict[str, set[str]]:
    """Every series that the product has, with its labels: from the document that is compared with the product."""
    found: dict[str, set[str]] = {}
    for name, labels, what in ROW.findall((root / "docs" / "observing.md").read_text(encoding="utf-8")):
        known = {"bot", "instance", "job", *re.findall(r"\w+", labels)}
        if what.startswith("histogram"):
            found |= {f"greenroom_{name}_bucket": {*known, "le"}} | {
                f"greenroom_{name}_{end}": known for end in ("count", "sum")
            }
        else:
            found[f"greenroom_{name}"] = known
    return found


def selectors(expression: str) -> list[VectorSelector]:
    """Return what a query asks for. One that is no PromQL raises."""
    found: list[VectorSelector] = []
    text = expression.replace("$__rate_interval", "5m")

    def note(one: object) -> bool:
        if isinstance(one, VectorSelector):
            found.append(one)
        return True

    promql_parser.walk(promql_parser.parse(text), note)
    return found


def expect_known(expression: str, metrics: dict[str, set[str]]) -> None:
    asked = selectors(expression)
    assert asked, expression
    grouped = set(re.findall(r"\w+", " ".join(re.findall(r"\b(?:by|on) ?\(([^)]*)\)", expression))))
    for selector in asked:
        name = str(selector.name)
        if not name.startswith("greenroom_"):
            assert name in ("up", "process_resident_memory_bytes")
            continue
        assert name in metrics, f"{name} is no metric of ours"
        assert grouped <= metrics[name], expression
        for matcher in selector.matchers.matchers:
            assert matcher.name in metrics[name], f"{name} has no label {matcher.name}"
            known = VALUES.get(matcher.name)
            if known is not None:
                assert set(matcher.value.split("|")) <= known, f"{matcher.name} is never {matcher.value}"


def test_every_alert_asks_for_what_there_is_and_names_the_mend(deploy: Path, metrics: dict[str, set[str]]) -> None:
    (group,) = yaml.safe_load((deploy / "prometheus" / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]:
        expect_known(rule["expr"], metrics)
        assert set(rule["annotations"]) == {"summary", "mend"}
        assert rule["labels"]["severity"] in ("page", "tell")
        for command in re.findall(r"greenroom ([a-z-]+)", rule["annotations"]["mend"]):
            assert command in typer.main.get_command(app).commands  # type: ignore[attr-defined]
    configured = yaml.safe_load((deploy / "prometheus" / "prometheus.yaml").read_text(encoding="utf-8"))
    assert configured["rule_files"] == ["alerts.yaml"]
    assert configured["scrape_configs"][0]["job_name"] == "greenroom"


def test_every_panel_of_the_dashboard_asks_for_what_there_is(deploy: Path, metrics: dict[str, set[str]]) -> None:
    dashboard = json.loads((deploy / "grafana" / "greenroom.json").read_text(encoding="utf-8"))
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, f"{panel['title']} lies on another panel"
        assert max(x for x, _ in cells) < 24
        taken |= cells
        for target in panel["targets"]:
            expect_known(target["expr"].replace('"$bot"', '".*"'), metrics)
    shown = " ".join(target["expr"] for panel in panels for target in panel["targets"])
    hidden = {"greenroom_info", "greenroom_standing_by", "greenroom_account_live", "greenroom_account_paused"}
    for name in {re.sub("_(bucket|count|sum)$", "", name) for name in metrics} - hidden:
        assert name in shown, f"the dashboard does not show {name}"


def limits_of_memory(deploy: Path) -> Iterator[int]:
    """Yield what each way to deploy gives one bot, in bytes."""
    units = {"g": 1024**3, "Gi": 1024**3}
    yield int(yaml.safe_load((deploy / "compose.yaml").read_text())["services"]["bot"]["mem_limit"][:-1]) * units["g"]
    for file in ("greenroom.yaml", "workers.yaml"):
        for one in yaml.safe_load_all((deploy / "kubernetes" / file).read_text()):
            if one["kind"] in ("StatefulSet", "Deployment"):
                (container,) = one["spec"]["template"]["spec"]["containers"]
                yield int(container["resources"]["limits"]["memory"][:-2]) * units["Gi"]


def test_a_bot_and_the_two_feeds_that_it_reads_at_a_time_have_room_in_what_is_given(deploy: Path) -> None:
    bot = 192 * 1024**2
    limits = list(limits_of_memory(deploy))
    assert len(limits) == 3
    assert bot + 2 * MOST_MEMORY < min(limits)


# what is started


def accepted(words: Sequence[str]) -> dict[str, Any]:
    """Return what our own command line understands; it leaves with 2 where it does not."""
    group = typer.main.get_command(app)
    command = group.commands[words[0]]  # type: ignore[attr-defined]
    context = command.make_context(words[0], list(words[1:]))
    return dict(context.params)


def containerfile(deploy: Path) -> list[tuple[str, str]]:
    text = (deploy / "Containerfile").read_text(encoding="utf-8")
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines if line.strip())]


def container_command(deploy: Path) -> Any:
    return json.loads(dict(containerfile(deploy))["CMD"])


def test_the_image_runs_as_nobody_in_particular_what_our_command_line_understands(deploy: Path, root: Path) -> None:
    steps = containerfile(deploy)
    last = max(number for number, (word, _) in enumerate(steps) if word == "FROM")
    final = steps[last:]
    (user,) = [rest for word, rest in final if word == "USER"]
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    assert final.index(("USER", user)) > max(number for number, (word, _) in enumerate(final) if word == "RUN")
    (entry,) = [json.loads(rest) for word, rest in final if word == "ENTRYPOINT"]
    (command,) = [json.loads(rest) for word, rest in final if word == "CMD"]
    assert entry == ["greenroom"]
    assert (accepted(command)["as_json"], accepted(command)["texts"]) == (True, False)
    assert f"http://127.0.0.1:{PORT}/live" in str(dict(final)["HEALTHCHECK"])
    copied = [
        source
        for word, rest in steps
        if word == "COPY" and not rest.startswith("--from")
        for source in shlex.split(rest)[:-1]
    ]
    build = re.match(r"# (podman build .*?)  ", (deploy / "Containerfile").read_text(encoding="utf-8"))
    assert build is not None
    assert f"\n{build[1]}\n" in (root / "docs" / "deploy.md").read_text(encoding="utf-8")
    lets_in = (deploy / "Containerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert lets_in[1] == "*"
    assert {line[1:] for line in lets_in if line.startswith("!")} == set(copied)
    assert all((root / source).exists() for source in copied)


def test_compose_gives_the_bot_no_right_that_it_does_not_need(deploy: Path) -> None:
    compose = yaml.safe_load((deploy / "compose.yaml").read_text(encoding="utf-8"))
    bot = compose["services"]["bot"]
    assert (bot["read_only"], bot["cap_drop"]) == (True, ["ALL"])
    assert bot["security_opt"] == ["no-new-privileges:true"]
    assert bot["user"] == dict(containerfile(deploy))["USER"]
    assert bot["command"] == container_command(deploy)
    assert bot["environment"]["GREENROOM_OBSERVE"] == f"0.0.0.0:{PORT}"
    assert "GREENROOM_OBSERVE_PASSWORD" in bot["environment"]
    assert (deploy / bot["build"]["context"] / bot["build"]["dockerfile"]).is_file()
    watched = yaml.safe_load((deploy / "prometheus" / "prometheus.yaml").read_text(encoding="utf-8"))
    assert watched["scrape_configs"][0]["static_configs"] == [{"targets": [f"bot:{PORT}"]}]
    for service in compose["services"].values():
        for mounted in service["volumes"]:
            source = mounted.partition(":")[0]
            mine = source.removeprefix("./")
            assert source in compose["volumes"] or mine == "bot" or (deploy / mine).exists(), source


def manifests(deploy: Path, name: str) -> dict[str, Any]:
    """Return what a file asks of Kubernetes, by kind: one of each."""
    asked = [one for one in yaml.safe_load_all((deploy / "kubernetes" / name).read_text(encoding="utf-8"))]
    found = {one["kind"]: one for one in asked}
    assert len(found) == len(asked)
    return found


@pytest.mark.parametrize(
    ("name", "kind", "more"),
    [
        ("greenroom.yaml", "StatefulSet", set[str]()),
        ("workers.yaml", "Deployment", {"PodDisruptionBudget", "PersistentVolumeClaim"}),
    ],
)
def test_kubernetes_runs_pods_without_rights_and_asks_them_where_they_answer(
    deploy: Path, name: str, kind: str, more: set[str]
) -> None:
    found = manifests(deploy, name)
    assert set(found) == {"ServiceAccount", "Service", kind, "NetworkPolicy"} | more
    workload = found[kind]["spec"]
    pod = workload["template"]
    assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    user = f"{pod['spec']['securityContext']['runAsUser']}:{pod['spec']['securityContext']['runAsGroup']}"
    assert user == dict(containerfile(deploy))["USER"]
    (container,) = pod["spec"]["containers"]
    there = {one["name"] for one in (*pod["spec"]["volumes"], *claims(workload))}
    mounted = set[str]()
    for one in (container, *pod["spec"].get("initContainers", ())):
        assert one["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        mounted |= {each["name"] for each in one["volumeMounts"]}
    assert mounted == there
    assert container["args"] == container_command(deploy)
    (port,) = container["ports"]
    assert {one["name"]: one.get("value") for one in container["env"]}["GREENROOM_OBSERVE"] == f"0.0.0.0:{PORT}"
    assert port["containerPort"] == PORT
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = container[probe]["httpGet"]
        assert asked["path"] in PATHS.split()
        assert asked["path"] != "/health", "what waits for a person restarts nothing"
        assert asked["port"] == port["name"]
    labels = pod["metadata"]["labels"]
    for selector in (
        found["Service"]["spec"]["selector"],
        workload["selector"]["matchLabels"],
        found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        *(found[one]["spec"]["selector"]["matchLabels"] for one in more if "selector" in found[one]["spec"]),
    ):
        assert selector.items() <= labels.items()


def claims(workload: dict[str, Any]) -> list[dict[str, Any]]:
    return [one["metadata"] for one in workload.get("volumeClaimTemplates", ())]


def test_a_ledger_in_a_file_has_one_pod_and_workers_replace_each_other_without_a_gap(deploy: Path) -> None:
    assert manifests(deploy, "greenroom.yaml")["StatefulSet"]["spec"]["replicas"] == 1
    workers = manifests(deploy, "workers.yaml")
    assert workers["Deployment"]["spec"]["replicas"] > workers["PodDisruptionBudget"]["spec"]["minAvailable"] >= 1
    assert workers["Deployment"]["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert workers["PersistentVolumeClaim"]["spec"]["accessModes"] == ["ReadWriteMany"]
    pod = workers["Deployment"]["spec"]["template"]["spec"]
    (shared,) = [one for one in pod["volumes"] if "persistentVolumeClaim" in one]
    assert shared["persistentVolumeClaim"]["claimName"] == workers["PersistentVolumeClaim"]["metadata"]["name"]
    # data/ beside the bot file, where accounts keep what their platforms hand out
    assert {"name": shared["name"], "mountPath": "/bot/data"} in pod["containers"][0]["volumeMounts"]


# systemd


def printed_unit(folder: Path, bot: str, *options: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "greenroom", "unit", bot, *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def verified(unit: Path) -> str:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not here")
    done = subprocess.run(  # noqa: S603 - systemd's own
        [program, "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=120, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def expect_hardened(unit: Path) -> None:
    """Have systemd judge what the unit leaves open to an attacker: 10 is all, and 2 is what it calls OK."""
    done = subprocess.run(  # noqa: S603 - systemd's own, which `verified` has found
        [str(shutil.which("systemd-analyze")), "security", "--no-pager", "--offline=yes", "--threshold=20", str(unit)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def settings(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield name, value


def test_systemd_accepts_the_printed_unit_whatever_the_folder_is_called(tmp_path: Path) -> None:
    folder = tmp_path / 'a "harbour" 100%n $HOME'
    (folder / "data").mkdir(parents=True)
    (folder / "ada.yaml").write_text("bot: ada\npersona: p.yaml\naccounts: {home: stage}\n", encoding="utf-8")
    (folder / "p.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
    text = printed_unit(folder, "ada", "--user", "daemon")
    assert text.count(HARDENING) == 1
    said = dict(settings(text))
    assert said["User"] == "daemon"
    assert said["WorkingDirectory"] == str(folder).replace("%", "%%")
    words = shlex.split(said["ExecStart"].replace("%%", "%").replace("$$", "$"))
    assert words[1:4] == ["-m", "greenroom", "run"]
    assert accepted(words[3:])["bot"] == str(folder / "ada.yaml")
    assert accepted(words[3:])["observe"] == f"127.0.0.1:{PORT}"
    unit = tmp_path / "greenroom-ada.service"
    unit.write_text(text, encoding="utf-8")
    assert verified(unit) == ""
    expect_hardened(unit)


def test_the_template_is_hardened_like_the_printed_unit(deploy: Path, tmp_path: Path) -> None:
    text = (deploy / "greenroom@.service").read_text(encoding="utf-8")
    assert text.count(HARDENING) == 1
    said = dict(settings(text))
    program, *words = shlex.split(said["ExecStart"])
    assert Path(program).name == "greenroom"
    assert (accepted(words)["bot"], accepted(words)["texts"]) == ("bot.yaml", False)
    unit = tmp_path / "greenroom@.service"
    unit.write_text(text.replace(program, sys.executable).replace("User=greenroom", "User=daemon"), encoding="utf-8")
    assert verified(unit) == ""
    expect_hardened(unit)


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("/srv/bot.yaml", "/srv/bot.yaml"),
        ("a b", '"a b"'),
        ('"', '"\\""'),
        ("50%", "50%%"),
        ("$HOME", '"$$HOME"'),
        ("", '""'),
        ("a\\b", '"a\\\\b"'),
    ],
)
def test_words_of_a_command_line_mean_what_they_are(word: str, line: str) -> None:
    assert quoted(word) == line


def test_make_image_alone_runs_the_tests_of_the_image(root: Path, pytestconfig: pytest.Config) -> None:
    target = (root / "Makefile").read_text(encoding="utf-8").partition("\nimage:")[2].partition("\n\n")[0]
    (path,) = re.findall(r"-m pytest (\S+)$", target, re.MULTILINE)
    assert "\ndef test_" in (root / path).read_text(encoding="utf-8")
    patterns = pytestconfig.getini("python_files")
    assert not any(Path(path).match(pattern) for pattern in patterns), "without podman the suite could not run it"
