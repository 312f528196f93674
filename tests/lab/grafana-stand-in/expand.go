package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

var expanderPattern = regexp.MustCompile(`\$(|__\w+)\{([^}]+)\}`)

// expandWith replaces what one expander ("env" or "file") owns; ${NAME} belongs to "env".
func expandWith(expander, s string) (string, error) {
	for _, m := range expanderPattern.FindAllStringSubmatch(s, -1) {
		if m[1] != "__"+expander && !(m[1] == "" && expander == "env") {
			continue
		}
		var value string
		switch {
		case expander == "file":
			content, err := os.ReadFile(m[2])
			if err != nil {
				return "", err
			}
			value = strings.TrimSpace(string(content))
		case m[2] == "HOSTNAME" && os.Getenv("HOSTNAME") == "":
			value, _ = os.Hostname()
		default:
			value = os.Getenv(m[2])
		}
		s = strings.Replace(s, m[0], value, 1)
	}
	return s, nil
}

// interpolate is what Grafana does to every value of a provisioning file: $$ stands for $, then the expanders run, then $NAME
// is taken from the environment – also inside what a file expander brought in.
func interpolate(raw string) (string, error) {
	parts := strings.Split(raw, "$$")
	for i, part := range parts {
		for _, expander := range []string{"env", "file"} {
			expanded, err := expandWith(expander, part)
			if err != nil {
				return "", fmt.Errorf("failed to interpolate value '%s': got error while expanding expander %s: %w", raw, expander, err)
			}
			part = expanded
		}
		parts[i] = os.ExpandEnv(part)
	}
	return strings.Join(parts, "$"), nil
}

// interpolateAny walks maps and lists; numbers and booleans stay as they are.
func interpolateAny(value any) (any, error) {
	switch v := value.(type) {
	case string:
		return interpolate(v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			expanded, err := interpolateAny(item)
			if err != nil {
				return nil, err
			}
			out[i] = expanded
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			expanded, err := interpolateAny(item)
			if err != nil {
				return nil, err
			}
			out[key] = expanded
		}
		return out, nil
	default:
		return value, nil
	}
}
