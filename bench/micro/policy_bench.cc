// What a verdict and a field's plan cost on the data path, by the number of rules that do not match, and that
// neither allocates.
#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <new>

#include "core/guard/policy.h"

namespace {
std::atomic<size_t> allocation_count = 0;
}  // namespace

// Not inlined, or GCC takes the pair for a mismatch.
[[gnu::noinline]] void* operator new(size_t size) {
  ++allocation_count;
  void* memory = malloc(size);
  if (memory == nullptr) abort();
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { free(memory); }

namespace sallyport::guard {
namespace {

constexpr sp_text text(std::string_view value) { return {value.data(), value.size()}; }

constexpr std::array facts = {sp_fact{text("verb"), {}}, sp_fact{text("object"), {}},
                              sp_fact{text("field.rows"), {}}};

sp_manifest manifest() {
  sp_manifest made{};
  made.size = sizeof made;
  made.name = text("test");
  made.capabilities = SP_CAN_MASK | SP_CAN_HOLD | SP_CAN_TLS;
  made.facts = facts.data();
  made.fact_count = facts.size();
  return made;
}

std::shared_ptr<const Policy> policy_of(size_t rule_count) {
  config::Config config;
  config::User user;
  user.name = "ann";
  user.groups = {"staff"};
  config.users.push_back(user);
  config::Target target;
  target.name = "db";
  target.protocol = "test";
  target.allow = {"staff"};
  config.targets.push_back(target);
  for (size_t i = 0; i < rule_count; ++i) {
    config::Rule rule;
    rule.name = "rule-" + std::to_string(i);
    rule.action = i + 1 == rule_count ? config::Action::allow : config::Action::deny;
    const std::string table = i + 1 == rule_count ? "*" : "secret_" + std::to_string(i);
    rule.match = {{"verb", {"SELECT", "UPDATE"}, {}},
                  {"object", {"public." + table}, {}},
                  {"field.rows", {"< 1000"}, {}}};
    config.rules.push_back(rule);
  }
  config::Mask mask;
  mask.name = "pii";
  mask.detect = {"email"};
  mask.fields = {"customers.email", "*.ssn", "people.phone"};
  config.masks.push_back(mask);
  const sp_manifest made = manifest();
  const sp_manifest* const manifests[] = {&made};
  auto policy = Policy::compile(std::move(config), manifests);
  if (!policy) abort();
  return *policy;
}

void report(benchmark::State& state, size_t allocations_before) {
  state.counters["allocations"] = static_cast<double>(allocation_count - allocations_before);
}

void judge(benchmark::State& state) {
  const auto policy = policy_of(static_cast<size_t>(state.range(0)));
  const config::Target& target = *policy->target("db");
  const std::vector<std::string> groups = {"staff"};
  const std::array objects = {text("public.orders"), text("public.customers")};
  const std::array fields = {sp_pair{text("rows"), text("10")}};
  const sp_command command{sizeof(sp_command), text("SELECT"), objects.data(),
                           objects.size(),     fields.data(),  fields.size()};
  const size_t before = allocation_count;
  for (auto _ : state) {
    const Verdict verdict = policy->judge(target, groups, {&command, 1});
    if (verdict.action != config::Action::allow) abort();
    benchmark::DoNotOptimize(verdict);
  }
  report(state, before);
}
BENCHMARK(judge)->Arg(1)->Arg(10)->Arg(100)->Arg(1000);

void mask_plan(benchmark::State& state) {
  const auto policy = policy_of(1);
  const config::Target& target = *policy->target("db");
  const std::vector<std::string> groups = {"staff"};
  const sp_field field{sizeof(sp_field), SP_KIND_TEXT, 0, text("email"), text("public.customers.email")};
  benchmark::DoNotOptimize(policy->mask_plan(target, groups, field));
  const size_t before = allocation_count;
  for (auto _ : state) benchmark::DoNotOptimize(policy->mask_plan(target, groups, field));
  report(state, before);
}
BENCHMARK(mask_plan);

}  // namespace
}  // namespace sallyport::guard

BENCHMARK_MAIN();
