// The life of a ticket between its ask and its end: answers of the control thread, withdrawal, bookkeeping.
#include <algorithm>

#include "core/core.h"
#include "core/path/session.h"

namespace sallyport {

void Session::on_answer(const ApprovalAnswer& answer) {
  Ticket* ticket = state_ == State::ending || state_ == State::free ? nullptr : find_ticket(answer.ticket);
  const bool open =
      ticket && (ticket->state == Ticket::State::wanted || ticket->state == Ticket::State::pending);
  if (answer.state == ApprovalState::revoked && ticket && ticket->state == Ticket::State::approved &&
      ticket->approval == answer.approval) {
    return on_revoked(*ticket, answer);
  }
  if (!open) {
    // Nobody waits for it any more: it was not run, and the approval is good for the next who asks the same.
    if (answer.state == ApprovalState::approved)
      (void)core_.tell(ApprovalReturned{.approval = answer.approval});
    return;
  }
  ticket->approval = answer.approval;
  ticket->approver = answer.approver;
  ticket->reason = answer.reason;
  switch (answer.state) {
    case ApprovalState::pending: ticket->state = Ticket::State::pending; break;
    case ApprovalState::approved: ticket->state = Ticket::State::approved; break;
    case ApprovalState::denied: ticket->state = Ticket::State::denied; break;
    case ApprovalState::expired: ticket->state = Ticket::State::expired; break;
    case ApprovalState::refused: ticket->state = Ticket::State::refused; break;
    case ApprovalState::revoked: ticket->state = Ticket::State::denied; break;
  }
  ticket->news = true;
  pump();
}

// Approved, and not used yet: it is given back, and the plugin hears a no.
void Session::on_revoked(Ticket& ticket, const ApprovalAnswer& answer) {
  (void)core_.tell(ApprovalReturned{.approval = answer.approval});
  ticket.approver = answer.approver;
  ticket.reason = answer.reason;
  ticket.state = Ticket::State::denied;
  ticket.news = true;
  pump();
}

int Session::cancel(uint64_t number) {
  Ticket* ticket = find_ticket(number);
  if (!ticket) return 0;
  if (ticket->state == Ticket::State::approved) {
    (void)core_.tell(ApprovalReturned{.approval = ticket->approval});
  } else if (ticket->state == Ticket::State::wanted || ticket->state == Ticket::State::pending) {
    (void)core_.tell(ApprovalLeft{.session = ref(),
                                  .ticket = number,
                                  .approval = ticket->approval,
                                  .transaction_over = ticket->transaction != 0});
  } else {
    return 0;
  }
  ticket->state = Ticket::State::cancelled;
  ticket->hold_deadline_ns = -1;
  ticket->news = true;
  return 0;
}

// The caller has gone or the session ends: nothing that waits may run.
void Session::leave_tickets() {
  for (Ticket& ticket : tickets_) cancel(ticket.number);
}

bool Session::holding() const {
  return std::ranges::any_of(tickets_, [](const Ticket& ticket) {
    return ticket.state == Ticket::State::wanted || ticket.state == Ticket::State::pending;
  });
}

Ticket* Session::find_ticket(uint64_t number) {
  const auto found = std::ranges::find(tickets_, number, &Ticket::number);
  return found == tickets_.end() ? nullptr : &*found;
}

void Session::drop_ticket(uint64_t number) {
  std::erase_if(tickets_, [number](const Ticket& ticket) { return ticket.number == number; });
}

}  // namespace sallyport
