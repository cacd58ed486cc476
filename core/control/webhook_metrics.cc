#include "core/control/webhook_metrics.h"

#include <nlohmann/json.hpp>

namespace sallyport {

std::string webhook_metrics(const nlohmann::json& webhooks) {
  std::string out;
  const auto add = [&](const char* name, const char* type, const char* help,
                       std::initializer_list<std::pair<const char*, const char*>> outcomes) {
    out += std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
    for (const nlohmann::json& one : webhooks) {
      for (const auto& [key, outcome] : outcomes) {
        out += std::string(name) + "{webhook=\"" + one.value("name", "") + "\"";
        if (*outcome != '\0') out += std::string(",outcome=\"") + outcome + "\"";
        out += "} " + std::to_string(one.value(key, uint64_t{0})) + "\n";
      }
    }
  };
  add("sallyport_webhook_waiting", "gauge", "Deliveries on their way, or to be tried again.",
      {{"waiting", ""}});
  add("sallyport_webhook_retries_total", "counter", "Tries that failed and were put off.", {{"retries", ""}});
  add("sallyport_webhook_deliveries_total", "counter", "Deliveries that came to an end.",
      {{"delivered", "delivered"}, {"given_up", "given-up"}, {"dropped", "dropped"}});
  add("sallyport_webhook_answers_total", "counter", "Answers that came back.",
      {{"answers", "taken"}, {"answers_refused", "refused"}});
  return out;
}

}  // namespace sallyport
