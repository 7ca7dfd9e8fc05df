"""The command line: `celery -A tasks track …`, a plug-in of Celery's own.

Every verb exits with 0, with 1 (it failed, one line on stderr says why) or with 2 (it was called wrongly).
With `--json` stdout holds one JSON document and nothing else.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from trackflow.cli.errors import in_one_line

# Verb → module with a command of that name. Celery loads its plug-ins at each start, also that of a worker,
# which has no use for tables and progress bars: so a verb is imported when it is called.
_VERBS = {
    "demo": "trackflow.cli.demo",
    "deploy": "trackflow.cli.deploy",
    "lint": "trackflow.cli.lint",
    "check": "trackflow.cli.check",
    "emit": "trackflow.cli.emit",
    "list": "trackflow.cli.orders",
    "show": "trackflow.cli.orders",
    "events": "trackflow.cli.events",
    "retry": "trackflow.cli.retry",
    "migrate": "trackflow.cli.migrate",
    "withdraw": "trackflow.cli.withdraw",
    "dead": "trackflow.cli.dead",
    "board": "trackflow.cli.board",
    "user": "trackflow.cli.user",
}


class Verbs(click.Group):
    """The group of all verbs, and the one place where errors become one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which a new user needs them."""
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's command, imported now."""
        if cmd_name not in _VERBS:
            return None
        command = getattr(import_module(_VERBS[cmd_name]), f"{cmd_name}_command")
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb."""
        with in_one_line(ctx):
            return super().invoke(ctx)


@click.group(cls=Verbs)
def track() -> None:
    """Trackflow: emit events, and see each order on its process."""
