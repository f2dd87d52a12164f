// Asks libmodsecurity what a chain of transformations makes of a value, and whether an operator then matches it.
//
// One question a line, fields parted by tabs: transformations (",t:lowercase"), operator ("@rx a"), value in hex.
// One answer a line: "1" or "0", the transformed value in hex (only when the operator matched).
#include <modsecurity/modsecurity.h>
#include <modsecurity/rules_set.h>
#include <modsecurity/transaction.h>

#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>

using modsecurity::ModSecurity;
using modsecurity::RulesSet;
using modsecurity::Transaction;

static std::string from_hex(const std::string &text) {
    std::string bytes;
    for (size_t at = 0; at + 1 < text.size(); at += 2)
        bytes.push_back(static_cast<char>(std::stoi(text.substr(at, 2), nullptr, 16)));
    return bytes;
}

static std::string to_hex(const std::string &bytes) {
    static const char digits[] = "0123456789abcdef";
    std::string text;
    for (unsigned char byte : bytes) {
        text.push_back(digits[byte >> 4]);
        text.push_back(digits[byte & 15]);
    }
    return text;
}

// The rule sees the value as a request header, which may hold any byte.
static std::unique_ptr<RulesSet> rule_of(const std::string &transforms, const std::string &operation) {
    auto rules = std::make_unique<RulesSet>();
    std::string text = "SecRuleEngine On\nSecRule REQUEST_HEADERS:x \"" + operation + "\" \"id:1,phase:1,pass,nolog,t:none" +
        transforms + ",setvar:tx.out=%{MATCHED_VAR},setvar:tx.hit=1\"\n";
    if (rules->load(text.c_str()) < 0) {
        std::cerr << rules->getParserError() << " in " << text;
        exit(2);
    }
    return rules;
}

static std::string tx(Transaction &transaction, const std::string &name) {
    auto value = transaction.m_collections.m_tx_collection->resolveFirst(name);
    return value ? *value : "";
}

int main() {
    ModSecurity engine;
    engine.setServerLogCb([](void *, const void *) {});
    std::map<std::string, std::unique_ptr<RulesSet>> rule_sets;
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream fields(line);
        std::string transforms, operation, value;
        std::getline(fields, transforms, '\t');
        std::getline(fields, operation, '\t');
        std::getline(fields, value, '\t');
        auto &rules = rule_sets[transforms + '\t' + operation];
        if (!rules) rules = rule_of(transforms, operation);
        std::string bytes = from_hex(value);
        Transaction transaction(&engine, rules.get(), nullptr);
        transaction.processConnection("127.0.0.1", 1, "127.0.0.1", 2);
        transaction.processURI("/", "GET", "1.1");
        transaction.addRequestHeader(reinterpret_cast<const unsigned char *>("x"), 1,
            reinterpret_cast<const unsigned char *>(bytes.data()), bytes.size());
        transaction.processRequestHeaders();
        std::cout << (tx(transaction, "hit") == "1" ? 1 : 0) << '\t' << to_hex(tx(transaction, "out")) << '\n';
    }
}
