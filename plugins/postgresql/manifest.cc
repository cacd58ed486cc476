#include "plugins/postgresql/manifest.h"

#include <array>
#include <string_view>

#include "plugins/postgresql/permissions.h"

namespace sallyport::pg {

namespace {

constexpr sp_text text(std::string_view value) { return {value.data(), value.size()}; }

constexpr std::array facts = {
    sp_fact{text("verb"),
            text("first words of the statement: SELECT, DROP, ...; FUNCTION_CALL, START_REPLICATION, ...; "
                 "UNPARSED for what could not be read")},
    sp_fact{text("object"), text("every table, function, role, ... that the statement names, as written")},
    sp_fact{text("field.effect"),
            text("the gravest of: read transaction session write schema unknown destroy escape")},
    sp_fact{text("field.effects"), text("each of these that applies")},
    sp_fact{text("field.function"), text("functions that it calls")},
    sp_fact{text("field.relation"), text("tables and views that it reads or writes")},
    sp_fact{text("field.writes"), text("tables whose rows or definition it changes")},
    sp_fact{text("field.escape"),
            text("why it leaves what the text says: do, copy-program, copies-masked, ...")},
    sp_fact{text("field.where"), text("no: an UPDATE or DELETE without a WHERE that reads a column")},
    sp_fact{text("field.setting"), text("parameters that it sets, in lower case")},
    sp_fact{text("field.session"),
            text("harmless or changed: what it does to the session's settings and names")},
    sp_fact{text("field.database"), text("the database of the session")},
    sp_fact{text("field.user"), text("the login at the target")},
};

constexpr std::array effect_read = {text("read"), text("transaction")};
constexpr std::array effect_session = {text("session")};
constexpr std::array session_harmless = {text("harmless")};
constexpr std::array effect_destroy = {text("destroy")};
constexpr std::array effect_escape = {text("escape")};

constexpr std::array reads = {sp_condition{text("field.effect"), effect_read.data(), effect_read.size()}};
constexpr std::array sets = {
    sp_condition{text("field.effect"), effect_session.data(), effect_session.size()},
    sp_condition{text("field.session"), session_harmless.data(), session_harmless.size()}};
constexpr std::array destroys = {
    sp_condition{text("field.effects"), effect_destroy.data(), effect_destroy.size()}};
constexpr std::array escapes = {
    sp_condition{text("field.effects"), effect_escape.data(), effect_escape.size()}};

constexpr std::array read_only = {sp_clause{reads.data(), reads.size()}, sp_clause{sets.data(), sets.size()}};
constexpr std::array destructive = {sp_clause{destroys.data(), destroys.size()}};
constexpr std::array escaping = {sp_clause{escapes.data(), escapes.size()}};

constexpr std::array rule_sets = {
    sp_rule_set{text("sql/read-only"),
                text("reads, transaction control, and what drivers set at the start of a session"),
                read_only.data(), read_only.size()},
    sp_rule_set{
        text("sql/destructive"),
        text("DROP, TRUNCATE, UPDATE and DELETE without a WHERE that reads a column; ALTER that takes away "
             "a column, a partition, or a table from its schema"),
        destructive.data(), destructive.size()},
    sp_rule_set{text("sql/escape"),
                text("leaves what the text says: DO, CALL, files, programs, network, other roles, copies of "
                     "masked fields"),
                escaping.data(), escaping.size()},
};

constexpr std::array permissions = {
    sp_permission{text(permission_function_call),
                  text("FunctionCall by OID (verb FUNCTION_CALL) and functions on large objects"),
                  SP_PERMISSION_UNMASKED},
    sp_permission{text(permission_replication),
                  text("replication connections: base backups, WAL and decoded changes of the whole cluster"),
                  SP_PERMISSION_UNMASKED},
};

constexpr std::array alpn = {text("postgresql")};

}  // namespace

constinit const sp_manifest manifest = {
    .size = sizeof(sp_manifest),
    .name = text("postgresql"),
    .version = text("0.1.0"),
    .summary = text("PostgreSQL, protocol 3.0: SQL judged, held and masked"),
    .capabilities = SP_CAN_MASK | SP_CAN_HOLD | SP_CAN_TLS,
    .facts = facts.data(),
    .fact_count = facts.size(),
    .sets = rule_sets.data(),
    .set_count = rule_sets.size(),
    .options = nullptr,
    .option_count = 0,
    .alpn = alpn.data(),
    .alpn_count = alpn.size(),
    .permissions = permissions.data(),
    .permission_count = permissions.size(),
};

}  // namespace sallyport::pg
