"""The NATS server's whole configuration, made from what the actors own, hear and ask (cross_cutting 6.12).

Pure: surfaces and public keys in, text out. Least privilege is decided here and nowhere else.
"""

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import nkeys  # type: ignore[import-untyped]

from runtime.nats_surfaces import SPY, ActorSurface, SurfaceError, UpstreamGrant, check_surfaces, user_names

__all__ = [
    "ACCOUNT",
    "BUCKETS",
    "TICKS",
    "ActorSurface",
    "Bucket",
    "ClusterMember",
    "Permissions",
    "SurfaceError",
    "TlsFiles",
    "UpstreamGrant",
    "account_block",
    "accounts_section",
    "create_user_keys",
    "generate_configuration",
    "inbox_prefix",
    "permissions",
    "server_section",
    "user_names",
]

ACCOUNT = "CRM"
TICKS = ("crm.clock.minute", "crm.clock.hour", "crm.clock.day")
MAX_PAYLOAD_BYTES = 1024 * 1024
_CONNECTIONS_PER_USER = 10
_STORAGE_QUOTA = "20GB"
_MEMORY_QUOTA = "256MB"


@dataclass(frozen=True)
class Bucket:
    """A JetStream object store of one actor: nobody else reads or writes it. Without days its objects stay."""

    name: str
    owner: str
    days: int | None = None

    @property
    def stream(self) -> str:
        """The stream behind it, as the object store convention names it (NATS ADR-20)."""
        return f"OBJ_{self.name}"

    @property
    def subjects(self) -> tuple[str, str]:
        """Where chunks and metadata are published."""
        return f"$O.{self.name}.C.>", f"$O.{self.name}.M.>"


BUCKETS = (Bucket("crm-documents", "documents"), Bucket("crm-uploads", "documents", days=1))


@dataclass(frozen=True)
class ClusterMember:
    """One server of a cluster: its name, where its peers reach it, the peers' host:port, and the secret they share."""

    cluster_name: str
    server_name: str
    port: int
    peers: tuple[str, ...]
    secret: str


@dataclass(frozen=True)
class TlsFiles:
    """The server's certificate chain and private key; TLS 1.3 only."""

    certificate: Path
    private_key: Path


@dataclass(frozen=True)
class Permissions:
    """What a user may publish and subscribe to; only who serves requests may answer them."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    serves: bool = False


def create_user_keys() -> tuple[str, str]:
    """A new NKey pair (Ed25519): the secret seed `SU...` and the public key `U...`."""
    seed: bytes = nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER)
    public_key: bytes = nkeys.from_seed(bytearray(seed)).public_key
    return seed.decode(), public_key.decode()


def inbox_prefix(user: str) -> str:
    """The prefix of a user's reply subjects, without the dot: the server lets nobody else listen there."""
    return f"_INBOX_{user}"


def permissions(
    surfaces: Sequence[ActorSurface],
    *,
    bridge_requests: tuple[str, ...],
    upstream: Sequence[UpstreamGrant] = (),
    simulated_time: bool = False,
    spy: bool = False,
) -> dict[str, Permissions]:
    """Who may publish and hear what, by user. Raises SurfaceError."""
    check_surfaces(surfaces, bridge_requests, upstream)
    actors = [surface.name for surface in surfaces]
    table = {surface.name: _of_actor(surface) for surface in surfaces}
    table["bridge"] = _of_bridge(actors, bridge_requests)
    table["operator"] = _of_operator(actors, simulated_time)
    # Health checks run inside every container: their user may ask who is alive, and nothing else.
    table["monitor"] = Permissions(("$SRV.PING.>",), (_inbox("monitor"),))
    table["provisioner"] = Permissions(("$JS.API.>", "crm.clock.schedule.>"), (_inbox("provisioner"),))
    for grant in upstream:
        own_tenant = f"crm.events.*.*.{grant.organisation_id}"
        table[grant.name] = Permissions(grant.publish, (_inbox(grant.name), own_tenant))
    if spy:
        table[SPY] = Permissions((), (_inbox(SPY), "crm.>"))
    return table


def _of_actor(surface: ActorSurface) -> Permissions:
    name = surface.name
    publish = [f"crm.events.{aggregate}.>" for aggregate in surface.aggregates]
    publish += ["crm.events.command.accepted.*", "crm.events.command.refused.*"]
    publish += [f"crm.audit.{name}", f"crm.dead.{name}", f"crm.ops.heartbeat.{name}", *surface.asks]
    for stream in ("CRM_EVENTS", "CRM_CLOCK", *(("CRM_AUDIT",) if surface.reads_audit else ())):
        publish += [
            f"$JS.API.STREAM.INFO.{stream}",
            f"$JS.API.CONSUMER.RESET.{stream}.{name}",
            f"$JS.ACK.{stream}.{name}.>",
        ]
    commands = f"CRM_COMMANDS.{name}"
    publish += [f"$JS.API.CONSUMER.INFO.{commands}", f"$JS.API.CONSUMER.MSG.NEXT.{commands}", f"$JS.ACK.{commands}.>"]
    for bucket in (bucket for bucket in BUCKETS if bucket.owner == name):
        # Chunks are read one by one (direct get): reading through a consumer would need the right to create one.
        publish += [*bucket.subjects, f"$JS.API.STREAM.PURGE.{bucket.stream}"]
        publish += [f"$JS.API.DIRECT.GET.{bucket.stream}", f"$JS.API.DIRECT.GET.{bucket.stream}.>"]
    subscribe = (f"crm.{name}.* {name}", f"crm.internal.{name}.* {name}", f"crm.ops.{name}.*", "$SRV.>", _inbox(name))
    return Permissions(tuple(publish), subscribe, serves=True)


def _of_bridge(actors: Iterable[str], bridge_requests: tuple[str, ...]) -> Permissions:
    publish = [f"crm.{actor}.*" for actor in actors]
    publish += [*bridge_requests, *(subject.replace(".internal.", ".webhooks.", 1) for subject in bridge_requests)]
    publish += ["crm.commands.*.*", "crm.ops.*.health", "crm.ops.*.metrics"]
    # Who may create a consumer chooses where the server delivers: only the bridge may, as it states no events.
    publish += ["$JS.API.STREAM.INFO.CRM_EVENTS", "$JS.API.CONSUMER.CREATE.CRM_EVENTS", "$JS.FC.CRM_EVENTS.>"]
    return Permissions(tuple(publish), (_inbox("bridge"),))


def _of_operator(actors: Iterable[str], simulated_time: bool) -> Permissions:
    publish = ["crm.ops.>", "$SRV.>", *(f"crm.{actor}.*" for actor in actors)]
    publish += ["$JS.API.INFO", *(f"$JS.API.STREAM.{verb}" for verb in ("NAMES", "LIST", "INFO.*"))]
    publish += [f"$JS.API.STREAM.MSG.GET.{stream}" for stream in ("CRM_EVENTS", "CRM_DEAD", "CRM_CLOCK")]
    publish += [f"$JS.API.CONSUMER.{verb}" for verb in ("NAMES.*", "LIST.*", "INFO.*.*")]
    publish += TICKS if simulated_time else ()
    heard = ("crm.events.>", "crm.dead.>", "crm.ops.heartbeat.*", "$JS.EVENT.ADVISORY.>")
    return Permissions(tuple(publish), (_inbox("operator"), *heard))


def _inbox(user: str) -> str:
    return f"{inbox_prefix(user)}.>"


def generate_configuration(
    surfaces: Sequence[ActorSurface],
    public_keys: Mapping[str, str],
    *,
    jetstream_folder: Path,
    port: int,
    bridge_requests: tuple[str, ...],
    upstream: Sequence[UpstreamGrant] = (),
    simulated_time: bool = False,
    cluster: ClusterMember | None = None,
    monitoring_port: int | None = None,
    host: str = "127.0.0.1",
    tls: TlsFiles | None = None,
) -> str:
    """The server's configuration: two accounts, a user per key, JetStream. Raises SurfaceError, see `account_block`."""
    account = account_block(
        surfaces, public_keys, bridge_requests=bridge_requests, upstream=upstream, simulated_time=simulated_time
    )
    server = server_section(
        jetstream_folder=jetstream_folder,
        port=port,
        cluster=cluster,
        monitoring_port=monitoring_port,
        host=host,
        tls=tls,
    )
    return server + accounts_section([account])


def server_section(
    *,
    jetstream_folder: Path,
    port: int,
    cluster: ClusterMember | None = None,
    monitoring_port: int | None = None,
    host: str = "127.0.0.1",
    tls: TlsFiles | None = None,
) -> str:
    """The part of a server's configuration that says where it listens and keeps its streams."""
    lines = ["# Generated from the message registry; a change by hand is lost and fails the build."]
    lines += [f"server_name: {json.dumps(cluster.server_name if cluster else 'crm')}"]
    lines += [f"listen: {json.dumps(f'{host}:{port}')}", f"max_payload: {MAX_PAYLOAD_BYTES}"]
    lines += [f'http: "127.0.0.1:{monitoring_port}"'] if monitoring_port else []
    if tls:
        files = f"cert_file: {json.dumps(str(tls.certificate))}, key_file: {json.dumps(str(tls.private_key))}"
        lines += [f'tls {{ {files}, min_version: "1.3" }}']
    quota = f"max_file_store: {_STORAGE_QUOTA}, max_memory_store: {_MEMORY_QUOTA}"
    lines += [f"jetstream {{ store_dir: {json.dumps(str(jetstream_folder))}, {quota} }}"]
    lines += _cluster_block(cluster) if cluster else []
    return "\n".join([*lines, "system_account: SYS", ""])


def account_block(
    surfaces: Sequence[ActorSurface],
    public_keys: Mapping[str, str],
    *,
    bridge_requests: tuple[str, ...],
    upstream: Sequence[UpstreamGrant] = (),
    simulated_time: bool = False,
    name: str = ACCOUNT,
) -> str:
    """The account one installation lives in: its streams, its users. A key for `spy` adds the tests' listener.

    Raises SurfaceError when the surfaces contradict one another or a user has no key, or a key no user.
    """
    table = permissions(
        surfaces,
        bridge_requests=bridge_requests,
        upstream=upstream,
        simulated_time=simulated_time,
        spy=SPY in public_keys,
    )
    if table.keys() != public_keys.keys():
        missing, unknown = sorted(table.keys() - public_keys.keys()), sorted(public_keys.keys() - table.keys())
        raise SurfaceError(f"give every NATS user one public key; without key: {missing}, without user: {unknown}")
    lines = [f"  {name} {{", "    jetstream: enabled"]
    lines += [f"    limits {{ max_connections: {_CONNECTIONS_PER_USER * len(table)} }}", "    users: ["]
    for user, allowed in table.items():
        lines += _user_block(user, public_keys[user], allowed)
    return "\n".join([*lines, "    ]", "  }"])


def accounts_section(blocks: Iterable[str]) -> str:
    """The part of a server's configuration that says who may connect; this alone may change while it runs."""
    return "\n".join(["accounts {", "  SYS { }", *blocks, "}", ""])


def _cluster_block(cluster: ClusterMember) -> list[str]:
    routes = [f"nats-route://cluster:{cluster.secret}@{peer}" for peer in cluster.peers]
    return [
        f"cluster {{ name: {json.dumps(cluster.cluster_name)}, port: {cluster.port}, routes: {json.dumps(routes)},",
        f'  authorization {{ user: "cluster", password: {json.dumps(cluster.secret)}, timeout: 2 }} }}',
    ]


def _user_block(user: str, public_key: str, allowed: Permissions) -> list[str]:
    def listed(subjects: tuple[str, ...]) -> str:
        if not subjects:
            return '{ deny: [">"] }'
        return "{ allow: [\n" + ",\n".join(f"          {json.dumps(subject)}" for subject in subjects) + " ] }"

    lines = [f"      # {user}", f"      {{ nkey: {public_key}, permissions: {{"]
    lines += [f"        publish: {listed(allowed.publish)}", f"        subscribe: {listed(allowed.subscribe)}"]
    lines += ['        allow_responses: { max: 1, expires: "60s" }'] if allowed.serves else []
    return [*lines, "      } }"]
