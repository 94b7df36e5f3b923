"""How fast a file of clients is read in; run by benchmarks with 50,000 rows, by the tests with a size for tests."""

import base64
import hashlib
from collections.abc import Iterator
from datetime import date, timedelta
from time import perf_counter

from messages.clients import CommitImport, CreateImport, GetImport, ImportStatus, ValidateImport
from messages.documents import INLINE_LIMIT, DocumentType, StoreDocument
from runtime.client import Client
from tests.harness import eventually

HEADER = "Nom;Prenom;Type;Email;Telephone;Date naissance;Adresse;Code postal;Ville\n"
_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def rows(first: int, count: int) -> Iterator[str]:
    """Persons that are all different: families of three, birth dates over sixty years."""
    for number in range(first, first + count):
        born = date(1940, 1, 1) + timedelta(days=number * 37 % 22_000)
        family = hashlib.md5(str(number // 3).encode(), usedforsecurity=False).hexdigest().translate(_LETTERS)[:9]
        given = hashlib.md5(f"given {number % 500}".encode(), usedforsecurity=False).hexdigest().translate(_LETTERS)[:6]
        person = f"{family};{given};particulier;c{number}@example.fr;06{10_000_000 + number}"
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
