"""What activites keeps of a client: work about him, contacts with him and their history."""

from typing import Final

from runtime.privacy import ERASED_NAME, Anonymise, Delete, PersonalData, by_id, through
from storage.activites.tables import activity, client_ref, delayed_task, task, task_history, timeline_entry

_tasks = by_id(task.c.client_id)

PERSONAL_DATA: Final = (
    PersonalData(task_history, through(task_history.c.task_id, task.c.id, _tasks), Delete(), "work", at_once=True),
    PersonalData(task, _tasks, Delete(), "work about the client", at_once=True),
    PersonalData(delayed_task, by_id(delayed_task.c.client_id), Delete(), "work that comes later"),
    PersonalData(
        activity,
        by_id(activity.c.client_id),
        Anonymise({"subject": "Contact effacé", "comment": None}),
        "notes of contacts; their number is kept",
        at_once=True,
    ),
    PersonalData(
        timeline_entry,
        by_id(timeline_entry.c.client_id),
        Anonymise({"title": "Entrée effacée", "detail": None}),
        "what happened with the client",
    ),
    PersonalData(client_ref, by_id(client_ref.c.client_id), Anonymise({"name": ERASED_NAME}), "name in lists"),
)
