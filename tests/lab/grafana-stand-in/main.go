// A stand-in for Grafana in mcpmon's lab: it reads a provisioning tree and answers the API calls of mcpmon. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"go.yaml.in/yaml/v3"
)

func main() {
	logger("main").info("mcpmon lab stand-in for Grafana; this is not Grafana", "version", version)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx); err != nil {
		logger("main").error("Stopped", "error", err)
		fmt.Fprintf(os.Stderr, "Error: ✗ %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	if err := secretFiles(logger("run.sh")); err != nil {
		return err
	}
	c, err := loadConfig(logger("settings"))
	if err != nil {
		return err
	}
	s, err := newServer(c)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(c["server.http_addr"], c["server.http_port"]))
	if err != nil {
		return fmt.Errorf("*api.HTTPServer run error: failed to open listener: %w", err)
	}
	logger("http.server").info("HTTP Server Listen", "address", listener.Addr(), "protocol", "http", "subUrl", "", "socket", "")
	httpServer := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		logger("server").info("Shutdown started", "reason", "System signal: terminated")
		grace, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		defer cancel()
		if httpServer.Shutdown(grace) != nil {
			_ = httpServer.Close()
		}
	}()
	if err := httpServer.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	s.store.mu.Lock() // no write is under way when the process ends
	return nil
}

// newServer does what Grafana does before it listens: directories, database, then data sources, plugins, alerting, dashboards.
func newServer(c config) (*server, error) {
	log := logger("provisioning")
	if c.on("server.serve_from_sub_path") {
		return nil, errors.New("the stand-in does not serve from a sub path")
	}
	data, provisioning := c["paths.data"], c["paths.provisioning"]
	if err := os.MkdirAll(filepath.Join(data, "plugins"), 0o755); err != nil {
		fmt.Fprintf(os.Stderr, "GF_PATHS_DATA='%s' is not writable.\n", data)
		return nil, err
	}
	db, err := openStore(data, c["security.admin_user"], c["security.admin_password"], logger("sqlstore"))
	if err != nil {
		return nil, err
	}
	s := &server{config: c, store: db, pluginsDropped: bundledPluginsDropped(c)}
	s.dashboards = &provisioner{store: db, dir: filepath.Join(provisioning, "dashboards"), log: "provisioning.dashboard"}
	if err := db.provisionDatasources(filepath.Join(provisioning, "datasources")); err != nil {
		log.error("Failed to provision data sources", "error", err)
		return nil, err
	}
	if err := checkYAML(filepath.Join(provisioning, "plugins"), "app provisioning error"); err != nil {
		log.error("Failed to provision plugins", "error", err)
		return nil, err
	}
	if err := checkYAML(filepath.Join(provisioning, "alerting"), "Alerting provisioning error"); err != nil {
		log.error("Failed to provision alerting", "error", err)
		return nil, err
	}
	if err := s.dashboards.reload(); err != nil {
		log.error("Failed to provision dashboard", "error", err)
		return nil, err
	}
	return s, nil
}

// checkYAML is all the stand-in does for plugins and alerting: the files must parse, nothing is applied.
func checkYAML(dir, prefix string) error {
	if _, err := os.Stat(dir); err != nil {
		return nil
	}
	err := readYAMLDir(dir, "provisioning", func(name string, content []byte) error {
		var anything any
		if err := yaml.Unmarshal(content, &anything); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if anything != nil {
			logger("provisioning").warn("the stand-in does not apply this file", "file", filepath.Join(dir, name))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", prefix, err)
	}
	return nil
}

// bundledPluginsDropped imitates the worst that Grafana 13.2 does on a read-only file system: its installer stops the bundled
// Prometheus and Loki plugins to update them, cannot replace the files, and never loads them again.
func bundledPluginsDropped(c config) bool {
	if c.on("plugins.preinstall_disabled") || !c.on("plugins.preinstall_auto_update") {
		return false
	}
	probe := filepath.Join(c["paths.bundled_plugins"], ".stand-in")
	err := os.WriteFile(probe, nil, 0o600)
	if err == nil {
		_ = os.Remove(probe)
	}
	if !errors.Is(err, syscall.EROFS) {
		return false
	}
	for _, id := range []string{"prometheus", "loki"} {
		logger("plugin.backgroundinstaller").error("Failed to install plugin", "pluginId", id, "version", "",
			"error", fmt.Sprintf("unlinkat %s: read-only file system", filepath.Join(c["paths.bundled_plugins"], id)),
			"hint", "set [plugins] preinstall_auto_update=false or preinstall_disabled=true")
	}
	return true
}
