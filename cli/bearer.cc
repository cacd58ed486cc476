#include "cli/bearer.h"

#include <stdlib.h>

#include <optional>

#include "cli/login_state.h"
#include "cli/web.h"
#include "core/identity/ticket.h"

namespace sallyport::cli {

Result<Bearer> find_bearer(const std::string& named, const std::string& ca) {
  std::string url;
  if (!named.empty()) {
    Result<std::string> good = base_url(named);
    if (!good) return std::unexpected(good.error());
    url = std::move(*good);
  }
  const Result<std::optional<KeptTicket>> kept = kept_ticket(url);
  if (!kept) return std::unexpected(kept.error());
  Bearer bearer{.gateway = {url, ca}, .ticket = ""};
  if (*kept) {
    if (url.empty()) bearer.gateway.url = (*kept)->gateway.url;
    if (ca.empty()) bearer.gateway.ca = (*kept)->gateway.ca;
    bearer.ticket = (*kept)->text;
  }
  if (const char* given = getenv("SALLYPORT_TICKET"); given && given[0] != '\0') bearer.ticket = given;
  if (bearer.gateway.url.empty()) return fail("which gateway? --gateway URL, or SALLYPORT_GATEWAY");
  if (bearer.ticket.empty()) {
    return fail("no ticket for " + bearer.gateway.url + ": `sallyport login --gateway " + bearer.gateway.url +
                "` gets one, or SALLYPORT_TICKET holds one");
  }
  if (!identity::ticket_id_of(bearer.ticket))
    return fail("SALLYPORT_TICKET holds no ticket: they begin with spt_");
  return bearer;
}

}  // namespace sallyport::cli
