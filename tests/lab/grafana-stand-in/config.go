package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// config holds every setting under "section.key", with overrides and expanders already applied.
type config map[string]string

var defaults = config{
	"paths.data":                                         "/var/lib/grafana",
	"paths.provisioning":                                 "/etc/grafana/provisioning",
	"paths.bundled_plugins":                              "/usr/share/grafana/data/plugins-bundled",
	"server.http_addr":                                   "",
	"server.http_port":                                   "3000",
	"server.root_url":                                    "%(protocol)s://%(domain)s:%(http_port)s/",
	"server.serve_from_sub_path":                         "false",
	"security.admin_user":                                "admin",
	"security.admin_password":                            "admin",
	"auth.anonymous.enabled":                             "false",
	"auth.anonymous.org_role":                            "Viewer",
	"auth.basic.enabled":                                 "true",
	"plugins.preinstall_disabled":                        "false",
	"plugins.preinstall_auto_update":                     "true",
	"security.disable_brute_force_login_protection":      "false",
	"security.brute_force_login_protection_max_attempts": "5",
}

func (c config) on(name string) bool { return c[name] == "true" || c[name] == "1" }

var notInName = regexp.MustCompile(`[.\-]`)

func environmentName(name string) string {
	return "GF_" + strings.ToUpper(notInName.ReplaceAllString(name, "_"))
}

// secretFiles turns GF_X__FILE=path into GF_X=content, as the image's run.sh does: both set is fatal, and a missing file is not
// (cat fails, the variable becomes empty, the default applies).
func secretFiles(log logger) error {
	for _, entry := range os.Environ() {
		name, path, _ := strings.Cut(entry, "=")
		target, isFile := strings.CutSuffix(name, "__FILE")
		if !isFile || !strings.HasPrefix(name, "GF_") || target == "GF_" || path == "" {
			continue
		}
		if os.Getenv(target) != "" {
			return fmt.Errorf("ERROR: Both %s and %s are set (but are exclusive)", target, name)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			log.error("cat: secret file cannot be read; the value stays empty", "var", name, "error", err)
		}
		os.Setenv(target, strings.TrimRight(string(content), "\n"))
		os.Unsetenv(name)
	}
	return nil
}

func loadConfig(log logger) (config, error) {
	path := os.Getenv("GF_PATHS_CONFIG")
	if path == "" {
		path = "/etc/grafana/grafana.ini"
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("failed to parse %q: %w", filepath.Base(path), err)
	}
	c := config{}
	for name, value := range defaults {
		c[name] = value
	}
	if err := parseIni(string(content), c); err != nil {
		return nil, fmt.Errorf("failed to parse %q: %w", filepath.Base(path), err)
	}
	for name, value := range c {
		if override := os.Getenv(environmentName(name)); override != "" {
			log.info("Config overridden from Environment variable", "var", environmentName(name)+"=*********")
			value = override
		}
		for _, expander := range []string{"env", "file"} {
			expanded, err := expandWith(expander, value)
			if err != nil {
				return nil, fmt.Errorf("got error while expanding %s with expander '%s': %w", name, expander, err)
			}
			value = expanded
		}
		c[name] = value
	}
	return c, nil
}

// parseIni follows the ini dialect Grafana uses: an unquoted # or ; anywhere in a value starts a comment.
func parseIni(text string, into config) error {
	section := ""
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
			continue
		case line[0] == '[':
			name, _, closed := strings.Cut(line[1:], "]")
			if !closed {
				return fmt.Errorf("unclosed section: %s", line)
			}
			section = strings.TrimSpace(name) + "."
			continue
		}
		at := strings.IndexAny(line, "=:")
		if at < 0 {
			return fmt.Errorf("key-value delimiter not found: %s", line)
		}
		into[section+strings.TrimSpace(line[:at])] = iniValue(strings.TrimSpace(line[at+1:]))
	}
	return nil
}

func iniValue(value string) string {
	for _, quote := range []string{`"""`, "`", `"`, `'`} {
		if rest, found := strings.CutPrefix(value, quote); found {
			if inner, _, closed := strings.Cut(rest, quote); closed {
				return inner
			}
		}
	}
	if at := strings.IndexAny(value, "#;"); at >= 0 {
		value = strings.TrimSpace(value[:at])
	}
	return value
}
