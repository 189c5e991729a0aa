// The field table: one describe() for each struct of the configuration, the only place that lists its members.
//
// Loader, constraint check, printer, schema and reference are visitors of it. A visitor has
//   record(name, doc)                the struct's name in schema and reference
//   field(key, member, spec)         a member
//   exactly_one / at_least_one / at_most_one({keys}, why)   which members must or must not be given together
//   needs(key, other)                a member that says nothing without another
// with the rules about several members after the members themselves.
//
// A new filter: its struct in config.hpp, its describe() in fields_filter.hpp, one line in Route's table.
#pragma once

#include "conf/fields_filter.hpp"
#include "conf/fields_provider.hpp"
#include "conf/fields_route.hpp"
#include "conf/fields_server.hpp"
#include "conf/fields_state_store.hpp"
#include "conf/fields_token_service.hpp"
#include "conf/fields_upstream.hpp"
