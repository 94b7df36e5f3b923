"""What logistics answers, hears, does on time and in the background, and asks."""

from actors.logistics import letters, polling, proofs, reactions, schedule, shipments, submission
from actors.logistics.personal_data import PERSONAL_DATA
from actors.logistics.requests import letters as letter_requests
from actors.logistics.requests import shipments as shipment_requests
from messages.documents import AbortUpload, BeginUpload, CompleteUpload, OpenContent, UploadPart
from messages.identity import GetSigningKeys
from runtime.actor import Actor, SlowWork, Tick, every
from runtime.host import application

actor = Actor(
    "logistics",
    answers=(
        letter_requests.create_letter,
        letter_requests.get_letter,
        letter_requests.get_letter_proof,
        letter_requests.list_letters,
        letter_requests.submit_letter,
        letter_requests.retry_letter,
        letter_requests.cancel_letter,
        letter_requests.validate_address,
        letter_requests.create_carrier_account,
        letter_requests.list_carrier_accounts,
        shipment_requests.create_shipment,
        shipment_requests.get_shipment,
        shipment_requests.list_shipments,
        shipment_requests.cancel_shipment,
        shipment_requests.record_tracking_event,
        shipment_requests.list_tracking_events,
    ),
    hears=(
        reactions.seed_organisation,
        reactions.keep_company,
        reactions.post_invoice,
        reactions.post_termination,
        reactions.post_dunning,
        reactions.stop_notice,
        reactions.take_rendered,
        reactions.release_letters,
        reactions.fail_letters,
        reactions.stop_dunning,
    ),
    runs=(
        every(Tick.HOUR, schedule.poll_letters),
        every(Tick.HOUR, schedule.give_up_waiting),
        every(Tick.HOUR, schedule.try_documents_again),
        every(Tick.DAY, shipments.tell_of_delays),
        every(Tick.DAY, shipments.suspect_losses),
    ),
    slow_work=(
        SlowWork(
            letters.SubmitToProvider,
            submission.submit_to_provider,
            submission.submission_ended,
            submission.submission_gave_up,
            attempts=10,
        ),
        SlowWork(polling.PollLetter, polling.poll_letter, polling.letter_polled, polling.poll_gave_up, attempts=3),
        SlowWork(proofs.FetchProof, proofs.fetch_proof, proofs.proof_fetched, proofs.proof_gave_up, attempts=8),
    ),
    asks=(GetSigningKeys, OpenContent, BeginUpload, UploadPart, CompleteUpload, AbortUpload),
    projections=(reactions.keep_company,),
    privacy=PERSONAL_DATA,
)

app = application(actor)
