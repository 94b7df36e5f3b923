"""The entry point of `crm`."""

import typer

from runtime.command_line import demo, export, operate, pages, ping, run, schema, setup, talk, users

app = typer.Typer(help="Run and operate the CRM: twelve actors over NATS and PostgreSQL.", no_args_is_help=True)
app.command()(run.up)
app.command()(run.actor)
app.command()(run.bridge)
app.command()(run.migrate)
app.command()(run.provision)
app.command()(run.token)
app.command()(demo.demo)
app.command("import")(demo.import_)
app.command()(setup.setup)
app.command()(ping.ping)
app.command()(talk.call)
app.command()(talk.events)
app.command()(talk.trace)
app.add_typer(operate.app, name="ops")
schema.app.command()(export.export)
schema.app.command()(pages.pages)
app.add_typer(schema.app, name="schema")
app.add_typer(users.app, name="user")


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
