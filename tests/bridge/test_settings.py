"""What the bridge is told: variables, or files that a container engine mounts."""

import json
from pathlib import Path

import pytest

from runtime.bridge.settings import BridgeSettings
from tests.bridge.feed import WEBHOOK_SECRET

WEBHOOKS = json.dumps({"payments/receive_webhook": {"secret": WEBHOOK_SECRET}})


def test_webhook_secrets_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "crm_bridge_webhooks").write_text(f"{WEBHOOKS}\n")
    (tmp_path / "crm_bridge_cors_origins").write_text("https://one.example, https://two.example\n")
    settings = BridgeSettings(_secrets_dir=tmp_path)
    secret = settings.webhooks["payments/receive_webhook"].secret
    assert secret is not None and secret.get_secret_value() == WEBHOOK_SECRET
    assert settings.cors_origins == ("https://one.example", "https://two.example")


def test_a_variable_wins_over_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "crm_bridge_port").write_text("8081\n")
    monkeypatch.setenv("CRM_BRIDGE_PORT", "8082")
    assert BridgeSettings(_secrets_dir=tmp_path).port == 8082
