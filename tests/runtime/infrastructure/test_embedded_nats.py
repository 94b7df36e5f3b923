"""nats-server as a child: streams and port outlive stops and kills, configurations are checked before they are used."""

import asyncio
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import nats
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from nats.js.api import StreamConfig

from runtime import clock
from runtime.embedded import EmbeddedNats, ServerFailed
from runtime.embedded.ports import new_port
from runtime.nats_configuration import (
    ClusterMember,
    TlsFiles,
    create_user_keys,
    generate_configuration,
    user_names,
)
from runtime.provisioner import provision
from tests.runtime.infrastructure.conftest import BRIDGE_REQUESTS, ORGANISATION, SURFACES, Bus

OPEN = 'jetstream {{ store_dir: "{folder}" }}\nmax_payload: {payload}\n'


def configured(folder: Path, payload: int = 1024) -> EmbeddedNats:
    server = EmbeddedNats(folder)
    server.write_configuration(OPEN.format(folder=server.jetstream_folder, payload=payload))
    return server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedNats]:
    nats_server = configured(tmp_path / "nats")
    nats_server.start()
    yield nats_server
    nats_server.stop()


def server_process(server: EmbeddedNats) -> int:
    return int((server.folder / "server.pid").read_text())


async def max_payload(server: EmbeddedNats) -> int:
    client = await nats.connect(server.url)
    await client.close()
    return client.max_payload


@pytest.mark.parametrize("ending", ["stop", "kill"])
async def test_streams_and_port_outlive_the_server(server: EmbeddedNats, ending: str) -> None:
    url = server.url
    client = await nats.connect(url)
    await client.jetstream().add_stream(StreamConfig(name="KEPT", subjects=["kept"]))
    await client.jetstream().publish("kept", b"1")
    await client.close()
    getattr(server, ending)()
    server.start()
    assert server.url == url
    client = await nats.connect(url)
    assert (await client.jetstream().get_msg("KEPT", 1)).data == b"1"
    await client.close()


async def test_clients_come_back_after_a_restart(server: EmbeddedNats) -> None:
    back = asyncio.Event()

    async def reconnected() -> None:
        back.set()

    client = await nats.connect(
        server.url, reconnected_cb=reconnected, reconnect_time_wait=0.05, max_reconnect_attempts=-1
    )
    server.restart()
    await asyncio.wait_for(back.wait(), timeout=5)
    await client.close()


async def test_a_reload_changes_the_running_server_and_keeps_its_clients(server: EmbeddedNats) -> None:
    before = server_process(server)
    client = await nats.connect(server.url, allow_reconnect=False)
    configured(server.folder, payload=2048)
    server.reload()
    assert await max_payload(server) == 2048
    assert (server_process(server), client.is_connected) == (before, True)
    await client.close()


async def test_a_wrong_configuration_is_refused_before_it_does_harm(server: EmbeddedNats) -> None:
    server.write_configuration("max_payload: { nonsense")
    for attempt in (server.reload, server.restart):
        with pytest.raises(ServerFailed, match=r"nats-server refuses .*server\.conf"):
            attempt()
        if attempt == server.reload:
            assert await max_payload(server) == 1024


async def test_a_change_that_needs_a_restart_says_so_and_leaves_the_server_running(server: EmbeddedNats) -> None:
    server.write_configuration(OPEN.format(folder=server.folder / "elsewhere", payload=1024))
    with pytest.raises(ServerFailed, match="restart it to apply it"):
        server.reload()
    assert await max_payload(server) == 1024


def test_a_second_start_adopts_the_server_unless_its_configuration_changed(server: EmbeddedNats) -> None:
    before = server_process(server)
    configured(server.folder).start()
    assert server_process(server) == before
    configured(server.folder, payload=2048).start()
    assert server_process(server) != before


def test_another_process_may_stop_it(server: EmbeddedNats) -> None:
    program = (
        "import sys, pathlib; from runtime.embedded import EmbeddedNats; EmbeddedNats(pathlib.Path(sys.argv[1])).stop()"
    )
    subprocess.run([sys.executable, "-c", program, str(server.folder)], check=True, timeout=30)
    assert not (server.folder / "server.pid").exists()
    with pytest.raises(ServerFailed, match="does not run"):
        server.reload()


def test_the_terminals_interrupt_does_not_reach_it(server: EmbeddedNats) -> None:
    assert os.getsid(server_process(server)) != os.getsid(0)


async def test_a_stale_process_number_that_now_is_someone_elses_is_ignored(server: EmbeddedNats) -> None:
    server.stop()
    (server.folder / "server.pid").write_text(str(os.getpid()))
    server.stop()  # does not end the test run
    (server.folder / "server.pid").write_text(str(os.getpid()))
    server.start()
    assert await max_payload(server) == 1024


def test_a_start_without_configuration_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ServerFailed, match="call write_configuration first"):
        EmbeddedNats(tmp_path).start()


async def test_a_permission_granted_by_reload_counts_at_once(new_bus: Bus) -> None:
    await new_bus.provision()
    bridge = await new_bus.connect("bridge")
    asked = "crm.internal.clients.get_client"
    await bridge.client.publish(asked, b"{}")
    assert await bridge.is_refused(asked)
    bridge.refusals.clear()
    text = new_bus.configuration().replace(f'"{BRIDGE_REQUESTS[0]}"', f'"{BRIDGE_REQUESTS[0]}", "{asked}"')
    new_bus.server.write_configuration(text)
    new_bus.server.reload()
    await bridge.client.publish(asked, b"{}")
    assert not await bridge.is_refused(asked)
    await bridge.client.close()


def certificate(folder: Path) -> TlsFiles:
    """A self-signed certificate of 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "crm")])
    now = clock.now()
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1)
    )
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
    files = TlsFiles(folder / "certificate.pem", folder / "key.pem")
    pem = serialization.Encoding.PEM
    files.certificate.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    files.private_key.write_bytes(private)
    return files


async def test_with_a_certificate_only_tls_1_3_gets_in(tmp_path: Path) -> None:
    keys = {user: create_user_keys() for user in user_names(SURFACES)}
    server = EmbeddedNats(tmp_path / "nats")
    files = certificate(tmp_path)
    text = generate_configuration(
        SURFACES,
        {user: public for user, (_, public) in keys.items()},
        jetstream_folder=server.jetstream_folder,
        port=server.port,
        bridge_requests=BRIDGE_REQUESTS,
        tls=files,
    )
    server.write_configuration(text)
    server.start()
    try:
        trusting = ssl.create_default_context(cafile=str(files.certificate))
        seed = keys["clients"][0]
        client = await nats.connect(server.url, tls=trusting, nkeys_seed_str=seed, inbox_prefix="_INBOX_clients")
        await client.flush()
        await client.close()
        trusting.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(ssl.SSLError):
            await nats.connect(server.url, tls=trusting, nkeys_seed_str=seed, allow_reconnect=False)
    finally:
        server.stop()


@pytest.mark.chaos
async def test_three_servers_with_the_shared_secret_keep_three_copies(tmp_path: Path) -> None:
    keys = {user: create_user_keys() for user in user_names(SURFACES)}
    servers = [EmbeddedNats(tmp_path / f"nats{number}") for number in range(3)]
    route_ports = [new_port(server.folder / "route_port") for server in servers]
    peers = tuple(f"127.0.0.1:{port}" for port in route_ports)
    with ExitStack() as running:
        for number, server in enumerate(servers):
            text = generate_configuration(
                SURFACES,
                {user: public for user, (_, public) in keys.items()},
                jetstream_folder=server.jetstream_folder,
                port=server.port,
                bridge_requests=BRIDGE_REQUESTS,
                simulated_time=True,
                cluster=ClusterMember("crm", f"nats-{number}", route_ports[number], peers, "shared-secret"),
            )
            server.write_configuration(text)
            server.start()
            running.callback(server.stop)
        await provisioned(servers[0].url, keys["provisioner"][0])
        seed = keys["payments"][0]
        client = await nats.connect(
            [server.url for server in servers],
            nkeys_seed_str=seed,
            inbox_prefix="_INBOX_payments",
            reconnect_time_wait=0.1,
        )
        info = await client.jetstream().stream_info("CRM_EVENTS")
        assert (info.config.num_replicas, len((info.cluster and info.cluster.replicas) or [])) == (3, 2)
        servers[1].kill()
        subject = f"crm.events.payment.received.{ORGANISATION}"
        stored = await stored_somewhere(client.jetstream(timeout=1), subject)
        assert stored.seq == 1
        await client.close()


async def provisioned(url: str, seed: str) -> None:
    """Provision as soon as the cluster has chosen its leader."""
    async with asyncio.timeout(20):
        while True:
            try:
                await provision(url, seed, SURFACES, simulated_time=True, replicas=3)
            except (nats.errors.Error, nats.js.errors.APIError):
                await asyncio.sleep(0.2)
            else:
                return


async def stored_somewhere(jetstream: nats.js.JetStreamContext, subject: str) -> nats.js.api.PubAck:
    """Publish until two of three servers agree, as the relay does."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await jetstream.publish(subject, b"{}", headers={"Nats-Msg-Id": "one"})
            except (nats.errors.Error, nats.js.errors.Error):
                await asyncio.sleep(0.1)
