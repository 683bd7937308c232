"""Calls of the command line."""

from typer.testing import CliRunner

import gan_keras.cli


def call(*arguments):
    """Runs a command and returns its result."""
    return CliRunner().invoke(gan_keras.cli.app, [str(argument) for argument in arguments])


def refused(*arguments, code=2):
    """Runs a command that has to fail with one line, and returns the line."""
    result = call(*arguments)
    lines = result.stderr.strip().splitlines()
    assert result.exit_code == code, (result.stdout, result.stderr)
    assert len(lines) == 1 and lines[0].startswith("Error: "), lines
    assert "Traceback" not in result.output
    return lines[0]
