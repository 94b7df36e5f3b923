"""A bare machine: what `crm up` starts lets the first account in."""

import shutil
import tempfile
from pathlib import Path

import pytest

from runtime.local_issuer import Accounts
from runtime.local_issuer.accounts import FIRST_ACCOUNT
from runtime.running_system import RunningSystem, issuer_folder
from runtime.system import discover
from tests.bridge.test_sign_in import Door


@pytest.mark.restarts_servers
async def test_case_34_bare_crm_up_lets_the_first_account_in() -> None:
    folder = Path(tempfile.mkdtemp(prefix="crm-up-"))  # PostgreSQL's own user must be able to reach it
    system = RunningSystem(folder, discover(["identity"]), durable=False)
    await system.start()
    try:
        accounts = Accounts.existing(issuer_folder(folder))
        door = Door(system.bridge_url, accounts, str(system.first_password), "http://127.0.0.1:3000/callback")
        signed_in = await door.sign_in(FIRST_ACCOUNT, door.first_password)
        me = {"authorization": f"Bearer {signed_in['access_token']}"}
        assert await door.founded(me)
        await door.http.aclose()
    finally:
        await system.stop()
        shutil.rmtree(folder, ignore_errors=True)
