"""The command line as tests call it."""

from typer.testing import CliRunner

import gan_keras.cli


def call(*arguments):
    """The result of a command."""
    return CliRunner().invoke(gan_keras.cli.app, [str(argument) for argument in arguments])


def refused(*arguments, code=2):
    """Calls a command that has to fail with one line; returns the line."""
    result = call(*arguments)
    lines = result.stderr.strip().splitlines()
    assert result.exit_code == code, (result.stdout, result.stderr)
    assert len(lines) == 1 and lines[0].startswith("Error: "), lines
    assert "Traceback" not in result.output
    return lines[0]
