// Policy: an identity and a command in, a verdict out; which masks apply to a field. Compiled from a Config
// and the manifests of its plugins, immutable, shared by all threads, swapped whole at reload. `explain` and
// `check --cases` call the very functions that serve traffic.
//
// A `target` argument is one of config().targets; one of another Policy's config is looked up by its name,
// and where it is gone everything is denied and withheld.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/guard/masker.h"
#include "plugins/plugin.h"

namespace sallyport::guard {

struct PolicyTables;

struct Verdict {
  config::Action action = config::Action::deny;
  const config::Rule* rule = nullptr;  // null: the target's default decided
  bool observed = false;  // the target observes only: `action` would have been this, but it is let pass
};

// A request holds what a mask of direction "request" detects.
struct RequestBlock {
  const config::Mask* mask = nullptr;
  std::string_view detector;  // empty: it could not be judged
  // For the caller and the record; tells the detector, never the value.
  [[nodiscard]] std::string message() const;
};

class Policy {
 public:
  // Every problem that needs a manifest is reported: unknown ready sets, facts that the plugin does not name,
  // masks on a target whose plugin cannot mask, approvals where it cannot hold, unknown detectors,
  // options and permissions, and permissions that no mask suffers. Takes up to seconds (Hyperscan): off the
  // data path.
  static std::expected<std::shared_ptr<const Policy>, std::vector<config::Problem>> compile(
      config::Config config, std::span<const sp_manifest* const> manifests);
  ~Policy();
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  [[nodiscard]] const config::Config& config() const;
  // A number that grows with each compile of this process.
  [[nodiscard]] uint64_t version() const;
  // The first 8 bytes, big-endian, of the SHA-256 of its text: the same after a restart.
  [[nodiscard]] uint64_t fingerprint() const { return fingerprint_; }

  [[nodiscard]] const config::User* user(std::string_view name) const;
  [[nodiscard]] const config::Target* target(std::string_view name) const;
  [[nodiscard]] bool may_open(const config::Target& target, std::span<const std::string> groups) const;
  // Whether they may open it once somebody has granted it, for as long as that lasts.
  [[nodiscard]] bool may_request(const config::Target& target, std::span<const std::string> groups) const;

  // Judges a batch: each command is judged alone, first rule that matches wins; then deny > approve > allow.
  // Of several approve verdicts the first command's rule is answered. No allocation. A batch without commands
  // is judged as one UNPARSED. What matches what: policy_match.h.
  [[nodiscard]] Verdict judge(const config::Target& target, std::span<const std::string> groups,
                              std::span<const sp_command> commands) const;

  // All rules that pause something in this batch, each once, in the order of its commands.
  [[nodiscard]] std::vector<const config::Rule*> approval_rules(const config::Target& target,
                                                                std::span<const std::string> groups,
                                                                std::span<const sp_command> commands) const;
  // Of the masks that apply to replies for this identity.
  [[nodiscard]] std::vector<std::string> mask_names(const config::Target& target,
                                                    std::span<const std::string> groups) const;

  // The plan for a field of a target, for this identity; never null. An empty plan: nothing can apply
  // (SP_FIELD_CLEAR). Plans live as long as the Policy. Takes no lock; allocates only when an identity with
  // another set of masks is met for the first time.
  [[nodiscard]] const MaskPlan* mask_plan(const config::Target& target, std::span<const std::string> groups,
                                          const sp_field& field) const;
  // Whether values of this field must not be shown at all: opaque ones where a mask applies, and computed
  // ones under `computed = "refuse"`.
  [[nodiscard]] bool withhold(const config::Target& target, std::span<const std::string> groups,
                              const sp_field& field) const;
  // Whether `fields` of a mask of this identity names one of these origins ("schema.table.column");
  // without any: whether it names any at all.
  [[nodiscard]] bool names_masked(const config::Target& target, std::span<const std::string> groups,
                                  std::span<const sp_text> paths) const;
  // Whether any mask applies for this identity on this target.
  [[nodiscard]] bool masks(const config::Target& target, std::span<const std::string> groups) const;
  // The first mask of direction "request" that blocks one of these texts (the request's own, bound values)
  // for this identity. `masker` is prepared for scanner(target); texts that cannot be judged are blocked.
  [[nodiscard]] std::optional<RequestBlock> blocked(Masker& masker, const config::Target& target,
                                                    std::span<const std::string> groups,
                                                    std::span<const std::string_view> texts,
                                                    TokenKeys keys) const;
  // Whether blocked() has anything to look for.
  [[nodiscard]] bool looks_at_requests(const config::Target& target,
                                       std::span<const std::string> groups) const;
  // Whose doing a hit in a field is: of the masks that apply, the strictest; without a detector the one that
  // masks the whole value. Empty where none is.
  [[nodiscard]] std::string_view mask_name(const config::Target& target, std::span<const std::string> groups,
                                           const sp_field& field, std::optional<DetectorId> detector) const;
  // "email", or as the config calls it.
  [[nodiscard]] std::string_view detector_name(DetectorId id) const;

  // The plan for request text on the record and before approvers: all detectors of the target's masks,
  // whoever asks; detectors @secrets always.
  [[nodiscard]] const MaskPlan& record_plan(const config::Target& target) const;
  // The compiled detectors behind the plans of a target; equal sets share one. A thread prepares its Masker
  // for each of `scanners` before it masks.
  [[nodiscard]] const Scanner& scanner(const config::Target& target) const;
  [[nodiscard]] std::span<const std::shared_ptr<const Scanner>> scanners() const;

  // What the plans' key indexes mean.
  [[nodiscard]] const std::vector<config::TokenKey>& token_keys() const;

  // For explain.cc, which shows what judge() does.
  [[nodiscard]] const PolicyTables& tables() const { return *tables_; }

 private:
  explicit Policy(std::unique_ptr<const PolicyTables> tables);

  std::unique_ptr<const PolicyTables> tables_;
  uint64_t fingerprint_;
};

}  // namespace sallyport::guard
