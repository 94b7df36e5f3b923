"""How fast a file of clients is read in; run by benchmarks with 50,000 rows, by the tests with a size for tests."""

import base64
from collections.abc import Iterator
from time import perf_counter

from messages.clients import CommitImport, CreateImport, GetImport, ImportStatus, ValidateImport
from messages.documents import INLINE_LIMIT, DocumentType, StoreDocument
from runtime.client import Client
from tests.harness import eventually

HEADER = "Nom;Prenom;Type;Email;Telephone;Date naissance;Adresse;Code postal;Ville\n"


def rows(first: int, count: int) -> Iterator[str]:
    """Persons that are all different."""
    for number in range(first, first + count):
        born = f"{1940 + number % 60}-{1 + number % 12:02}-{1 + number % 28:02}"
        person = f"Nom{number % 9973:04};Prenom{number:05};particulier;c{number}@example.fr;06{10_000_000 + number}"
        yield f"{person};{born};{number % 200} rue de la Paix;{75001 + number % 20};Paris\n"


def files(count: int) -> Iterator[tuple[int, str]]:
    """Files that one message can carry, and how many rows each has."""
    first = 0
    while first < count:
        lines, size = [HEADER], len(HEADER)
        for line in rows(first, count - first):
            if size + len(line) > INLINE_LIMIT:
                break
            lines.append(line)
            size += len(line)
        first += len(lines) - 1
        yield len(lines) - 1, "".join(lines)


async def import_seconds(client: Client, count: int) -> float:
    """Seconds to commit `count` validated rows: clients, contact points, addresses, search words and events."""
    seconds = 0.0
    for total, text in files(count):
        stored = await client.call(
            StoreDocument(
                type=DocumentType.IMPORT_FILE,
                filename="clients.csv",
                content_base64=base64.b64encode(text.encode()).decode(),
                declared_mime="text/csv",
            )
        )
        job = await client.call(CreateImport(file_document_id=stored.document.id, file_name="clients.csv"))

        async def reached(status: ImportStatus, job_id: object = job.id) -> bool:
            found = await client.call(GetImport.model_validate({"job_id": job_id}))
            assert found.status is not ImportStatus.FAILED, found.failure
            return found.status is status

        await client.call(ValidateImport(job_id=job.id))
        await eventually(lambda reached=reached: reached(ImportStatus.VALIDATED), 120)
        started = perf_counter()
        await client.call(CommitImport(job_id=job.id))
        await eventually(lambda reached=reached: reached(ImportStatus.COMPLETED), 120)
        seconds += perf_counter() - started
        assert (await client.call(GetImport(job_id=job.id))).counters.created == total
    return seconds
