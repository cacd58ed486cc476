// The demo's second story: a CI job with nothing but its provider's token works for a person, as a role that
// is made for it; its risky statement is approved by somebody of another provider, whom a webhook told.
#pragma once

#include "cli/demo_cluster.h"
#include "cli/demo_issuer.h"
#include "cli/demo_receiver.h"
#include "cli/demo_shell.h"

namespace sallyport::cli {

class DemoOidc {
 public:
  // Writes what the story needs behind the configuration of `setup`, which `init` has just made.
  static Result<void> install(const Setup& setup, const DemoCluster& cluster);
  // Of an installed one, before its gateway starts.
  static Result<std::unique_ptr<DemoOidc>> open(const Setup& setup, const DemoCluster& cluster);

  [[nodiscard]] std::vector<DemoStep> all();

 private:
  DemoOidc(const Setup& setup, const DemoCluster& cluster, DemoIssuer jobs, DemoIssuer people, uint16_t hook)
      : setup_(setup),
        cluster_(cluster),
        shell_(setup),
        jobs_(std::move(jobs)),
        people_(std::move(people)),
        receiver_(hook) {}
  Result<std::string> reads();
  Result<std::string> pauses();
  Result<std::string> tells();
  Result<std::string> looks();
  Result<std::string> decides();
  Result<std::string> records();
  Result<std::string> vanishes();
  Result<std::string> proves();

  [[nodiscard]] Result<DemoCaller> job() const;
  [[nodiscard]] Result<bool> database_stands() const;
  [[nodiscard]] Result<Finished> sallyport(const std::vector<std::string>& words,
                                           std::vector<std::string> environment, bool show) const;
  [[nodiscard]] Result<void> check_policy(const std::string& fingerprint) const;

  const Setup& setup_;
  const DemoCluster& cluster_;
  DemoShell shell_;
  DemoIssuer jobs_, people_;
  DemoReceiver receiver_;
  std::string url_, secret_;  // of the admin API; of the webhook
  std::optional<Process> waiting_;
  std::string approval_, link_, role_, sid_;
};

}  // namespace sallyport::cli
