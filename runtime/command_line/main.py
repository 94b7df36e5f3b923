"""The entry point of `crm`."""

import typer

from runtime.command_line import schema

app = typer.Typer(help="Run and operate the CRM: twelve actors over NATS and PostgreSQL.", no_args_is_help=True)
app.add_typer(schema.app, name="schema")


@app.callback()
def _root() -> None:
    """Twelve autonomous actors; see README.md."""


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
