"""The yardstick: the same insert and selects on nats-py and asyncpg alone, without anything that makes them safe."""

import asyncio
import os
from typing import Any

import asyncpg
import nats
import orjson
import uvloop

from messages.values.identifiers import new_id

_CREATE = """
insert into bare_client (id, given_name, family_name, display_name, email, created_at)
values ($1, $2, $3, $4, $5, now()) returning created_at
"""
_GET = "select id, given_name, family_name, display_name, email, created_at from bare_client where id = $1"
_LIST = """
select id, given_name, family_name, display_name, email, created_at from bare_client order by created_at desc, id desc limit 20
"""


async def main() -> None:
    """Serve bare.create, bare.get and bare.list until killed."""
    pool: Any = await asyncpg.create_pool(os.environ["BARE_DATABASE_URL"], min_size=8, max_size=8)
    connection = await nats.connect(
        os.environ["BARE_NATS_URL"],
        nkeys_seed_str=os.environ["BARE_NATS_SEED"],
        inbox_prefix=b"_INBOX_bare",
        max_reconnect_attempts=-1,
    )
    running: set[asyncio.Task[None]] = set()

    def serve(answer: Any) -> Any:
        async def receive(message: Any) -> None:
            task = asyncio.create_task(respond(message))
            running.add(task)
            task.add_done_callback(running.discard)

        async def respond(message: Any) -> None:
            await message.respond(orjson.dumps(await answer(orjson.loads(message.data or b"{}")), default=str))

        return receive

    async def create(asked: Any) -> Any:
        identity = new_id()
        display = f"{asked['given_name']} {asked['family_name']}"
        arguments = (identity, asked["given_name"], asked["family_name"], display, asked["emails"][0])
        created = await pool.fetchval(_CREATE, *arguments)
        return {**asked, "id": identity, "display_name": display, "created_at": created}

    async def get(asked: Any) -> Any:
        return dict(await pool.fetchrow(_GET, asked["client_id"]))

    async def list_page(_: Any) -> Any:
        return {"items": [dict(row) for row in await pool.fetch(_LIST)]}

    for name, answer in (("create", create), ("get", get), ("list", list_page)):
        await connection.subscribe(f"crm.bare.{name}", queue="bare", cb=serve(answer))
    await connection.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
