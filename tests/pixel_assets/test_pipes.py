"""The Pipes client: what the child says arrives, and nothing of its process group outlives the step."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import dagster as dg
import psutil
import pytest

from pixel_assets.pipes import ProcessGroupPipes

ROOT = Path(__file__).parents[2]
STUBBORN = "import signal,time; [signal.signal(s, signal.SIG_IGN) for s in (signal.SIGINT, signal.SIGTERM)]; time.sleep(600)"


def materialize(code, **env):
    """Runs Python code through the client inside a one-asset job; returns the result."""

    @dg.asset
    def trained(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        ProcessGroupPipes(graces=(0.5, 0.5, 5)).run(context=context, command=[sys.executable, "-c", textwrap.dedent(code)], env=env)
        return dg.MaterializeResult()

    with dg.instance_for_test() as instance:
        result = dg.materialize([trained], instance=instance, raise_on_error=False)
        return result, [e.user_message for e in instance.all_logs(result.run_id)]


def alive(pid_file):
    deadline = time.monotonic() + 10
    while not pid_file.exists() or not pid_file.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    pid = int(pid_file.read_text())
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_what_the_child_logs_reaches_the_run():
    result, messages = materialize(
        """
        from dagster_pipes import open_dagster_pipes
        with open_dagster_pipes() as pipes:
            pipes.log.info("step 20: language 4.2")
        """
    )
    assert result.success
    assert any("step 20: language 4.2" in m for m in messages)


def test_the_child_gets_its_environment_and_its_parent():
    result, _ = materialize(
        f"import os; assert os.environ['GIVEN'] == 'x' and os.environ['PIXEL_PARENT_PID'] == '{os.getpid()}'", GIVEN="x"
    )
    assert result.success


def test_a_failing_child_fails_the_step_with_its_last_words():
    result, _ = materialize("import sys; print('many words\\n' * 100, file=sys.stderr); sys.exit('the loss is not finite at step 7')")
    assert not result.success
    error = result.failure_data_for_node("trained").error.to_string()
    assert "status 1" in error
    assert "the loss is not finite at step 7" in error


@pytest.mark.parametrize("leave", ["sys.exit(0)", "sys.exit(3)", "os.kill(os.getpid(), 9)"])
def test_a_launcher_that_ends_leaves_no_rank_behind(tmp_path, leave):
    pid = tmp_path / "pid"
    result, _ = materialize(
        f"""
        import os, pathlib, subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", {STUBBORN!r}])
        pathlib.Path({str(pid)!r}).write_text(str(child.pid))
        {leave}
        """
    )
    assert result.success == (leave == "sys.exit(0)")
    assert not alive(pid)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_step_ends_the_whole_group(tmp_path, number):
    pid = tmp_path / "pid"
    rank = f"import os, pathlib; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); {STUBBORN}"
    code = f"""
    from tests.pixel_assets.test_pipes import materialize
    result, _ = materialize('''import subprocess, sys; subprocess.run([sys.executable, "-c", {rank!r}])''')
    """
    step = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not pid.exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert alive(pid)
    step.send_signal(number)
    step.wait(timeout=30)
    assert not alive(pid)
