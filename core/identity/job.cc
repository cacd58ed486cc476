#include "core/identity/job.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "config/limits.h"
#include "core/identity/claims.h"
#include "core/identity/plain.h"

namespace sallyport::identity {
namespace {

using nlohmann::json;

struct JobClaim {
  std::string_view name, claim;
};

constexpr JobClaim github_claims[] = {{"run", "run_id"},
                                      {"attempt", "run_attempt"},
                                      {"workflow", "workflow_ref"},
                                      {"repository", "repository"},
                                      {"ref", "ref"},
                                      {"commit", "sha"},
                                      {"event", "event_name"},
                                      {"by", "actor"},
                                      {"environment", "environment"}};
constexpr JobClaim gitlab_claims[] = {
    {"run", "pipeline_id"},         {"job", "job_id"},    {"workflow", "ci_config_ref_uri"},
    {"repository", "project_path"}, {"ref", "ref"},       {"commit", "sha"},
    {"event", "pipeline_source"},   {"by", "user_login"}, {"environment", "environment"}};
constexpr JobClaim kubernetes_claims[] = {{"namespace", "kubernetes.io.namespace"},
                                          {"service-account", "kubernetes.io.serviceaccount.name"},
                                          {"pod", "kubernetes.io.pod.name"},
                                          {"node", "kubernetes.io.node.name"}};

std::span<const JobClaim> claims_of(config::OidcPreset preset) {
  switch (preset) {
    case config::OidcPreset::github_actions: return github_claims;
    case config::OidcPreset::gitlab_ci: return gitlab_claims;
    case config::OidcPreset::kubernetes: return kubernetes_claims;
    case config::OidcPreset::none:
    case config::OidcPreset::okta:
    case config::OidcPreset::entra:
    case config::OidcPreset::google:
    case config::OidcPreset::keycloak:
    case config::OidcPreset::spiffe: return {};
  }
  return {};
}

// Control characters would let a branch's name look like another line of the record.
std::string shown(const json* value) {
  if (value == nullptr) return "";
  std::string text = value->is_string() ? value->get<std::string>() : value->is_number() ? value->dump() : "";
  if (text.size() > limits::claim_size_max) text.resize(limits::claim_size_max);
  return plain_text_of(text);
}

std::string url_of(config::OidcPreset preset, const json& claims) {
  const auto text = [&claims](std::string_view claim) { return shown(find_claim(claims, claim)); };
  if (preset == config::OidcPreset::github_actions && !text("run_id").empty())
    return "https://github.com/" + text("repository") + "/actions/runs/" + text("run_id");
  if (preset == config::OidcPreset::gitlab_ci && !text("job_id").empty())
    return text("iss") + "/" + text("project_path") + "/-/jobs/" + text("job_id");
  return "";
}

}  // namespace

std::vector<std::pair<std::string, std::string>> job_of(const config::Oidc& issuer, const json& claims) {
  std::vector<std::pair<std::string, std::string>> job;
  for (const JobClaim& one : claims_of(issuer.preset)) {
    std::string value = shown(find_claim(claims, one.claim));
    if (!value.empty()) job.emplace_back(one.name, std::move(value));
  }
  if (std::string url = url_of(issuer.preset, claims); !url.empty()) job.emplace_back("url", std::move(url));
  return job;
}

std::vector<std::string> service_account_groups(const json& claims) {
  constexpr std::string_view prefix = "system:serviceaccount:";
  const json* subject = find_claim(claims, "sub");
  if (subject == nullptr || !subject->is_string()) return {};
  const std::string_view text = subject->get_ref<const std::string&>();
  if (!text.starts_with(prefix)) return {};
  const std::string_view rest = text.substr(prefix.size());
  return {"system:serviceaccounts", "system:serviceaccounts:" + std::string(rest.substr(0, rest.find(':')))};
}

}  // namespace sallyport::identity
