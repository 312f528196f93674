package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"
)

// provider is one entry of provisioning/dashboards/*.yaml together with what its last scan saw.
type provider struct {
	Name                  stringValue `yaml:"name"`
	Type                  stringValue `yaml:"type"`
	OrgID                 intValue    `yaml:"orgId"`
	Folder                stringValue `yaml:"folder"`
	FolderUID             stringValue `yaml:"folderUid"`
	DisableDeletion       boolValue   `yaml:"disableDeletion"`
	AllowUIUpdates        boolValue   `yaml:"allowUiUpdates"`
	UpdateIntervalSeconds intValue    `yaml:"updateIntervalSeconds"`
	Options               mapValue    `yaml:"options"`

	path       string
	fromTree   bool // options.foldersFromFilesStructure
	uids       map[string]int
	titles     map[titleInFolder]int
	restricted bool // duplicates were seen: nothing of this provider is written any more
}

type titleInFolder struct{ title, folderUID string }

// provisioner owns the current providers. A reload replaces them all, or none.
type provisioner struct {
	store     *store
	dir       string
	log       logger
	reloading sync.Mutex
	providers []*provider // guarded by store.mu
	stop      context.CancelFunc
}

func readProviders(dir string, log logger) ([]*provider, error) {
	var all []*provider
	names := map[string]bool{}
	err := readYAMLDir(dir, log, func(file string, content []byte) error {
		var parsed struct {
			Providers []*provider `yaml:"providers"`
		}
		err := requireVersion(file, content)
		if err == nil {
			err = yaml.Unmarshal(content, &parsed)
		}
		if err != nil {
			return fmt.Errorf("could not parse provisioning config file: %s error: %w", file, err)
		}
		all = append(all, parsed.Providers...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("Failed to read dashboards config: %w", err)
	}
	for _, p := range all {
		if names[string(p.Name)] {
			return nil, fmt.Errorf("Failed to read dashboards config: provider name %q is not unique", p.Name)
		}
		names[string(p.Name)] = true
		if err := p.complete(); err != nil {
			return nil, fmt.Errorf("Failed to initialize file readers: Failed to create file reader for config %s: %w", p.Name, err)
		}
	}
	return all, nil
}

func (p *provider) complete() error {
	if p.OrgID != 0 && p.OrgID != 1 {
		return errors.New("organization not found")
	}
	if p.Type != "" && p.Type != "file" {
		return fmt.Errorf("type %s is not supported", p.Type)
	}
	path, ok := p.Options["path"].(string)
	if !ok {
		return errors.New("failed to load dashboards, path param is not a string")
	}
	p.path = path
	p.fromTree, _ = p.Options["foldersFromFilesStructure"].(bool)
	if p.fromTree && p.Folder != "" && p.FolderUID != "" {
		return errors.New("'folder' and 'folderUID' should be empty using 'foldersFromFilesStructure' option")
	}
	if p.UpdateIntervalSeconds == 0 {
		p.UpdateIntervalSeconds = 10
	}
	if p.UpdateIntervalSeconds < 0 {
		return errors.New("updateIntervalSeconds is negative")
	}
	return nil
}

// reload reads the provider files, removes dashboards of providers that are gone, scans once and starts polling.
func (r *provisioner) reload() error {
	r.reloading.Lock()
	defer r.reloading.Unlock()
	providers, err := readProviders(r.dir, r.log)
	if err != nil {
		return fmt.Errorf("Failed to create provisioner: %w", err)
	}
	if r.stop != nil {
		r.stop()
	}
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	r.log.info("starting to provision dashboards")
	r.deleteOrphans(providers)
	complete := true
	for _, p := range providers {
		if err = r.store.scan(p, r.log); os.IsNotExist(err) {
			// Grafana ends the first pass here: later providers wait for their poll.
			r.log.warn("Failed to provision config", "name", string(p.Name), "error", err)
			complete, err = false, nil
			break
		} else if err != nil {
			err = fmt.Errorf("Failed to provision dashboards: failed to provision config %s: %w", p.Name, err)
			break
		}
	}
	if err == nil {
		r.providers = providers
		if complete {
			r.validate()
		}
		r.log.info("finished to provision dashboards")
	}
	r.poll()
	if saveErr := r.store.save(); err == nil {
		err = saveErr
	}
	return err
}

func (r *provisioner) deleteOrphans(providers []*provider) {
	known := map[string]bool{"": true}
	for _, p := range providers {
		known[string(p.Name)] = true
	}
	for _, d := range append([]*dashboard{}, r.store.Dashboards...) {
		if !known[d.Provider] {
			r.store.deleteDashboard(d)
		}
	}
}

func (r *provisioner) poll() {
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	every := func(interval time.Duration, work func()) {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				r.store.mu.Lock()
				if ctx.Err() == nil {
					work()
				}
				r.store.mu.Unlock()
			}
		}
	}
	for _, p := range r.providers {
		go every(time.Duration(p.UpdateIntervalSeconds)*time.Second, func() {
			if err := r.store.scan(p, r.log); err != nil {
				r.log.error("failed to search for dashboards", "error", err)
			}
			if err := r.store.save(); err != nil {
				r.log.error("failed to save the database", "error", err)
			}
		})
	}
	go every(30*time.Second, r.validate)
}

// validate takes the right to write away from every provider that holds one of two equal uids, or of two equal titles in a folder.
func (r *provisioner) validate() {
	uids, titles := map[string][]*provider{}, map[titleInFolder][]*provider{}
	for _, p := range r.providers {
		p.restricted = false
		for uid, times := range p.uids {
			for range times {
				uids[uid] = append(uids[uid], p)
			}
		}
		for title, times := range p.titles {
			for range times {
				titles[title] = append(titles[title], p)
			}
		}
	}
	for uid, holders := range uids {
		if len(holders) > 1 {
			r.log.warn("the same UID is used more than once", "uid", uid, "times", len(holders), "providers", restrict(holders))
		}
	}
	for title, holders := range titles {
		if len(holders) > 1 {
			r.log.warn("dashboard title is not unique in folder", "title", title.title, "folderUID", title.folderUID, "times", len(holders),
				"providers", restrict(holders))
		}
	}
	for _, p := range r.providers {
		if p.restricted {
			r.log.warn("dashboards provisioning provider has no database write permissions because of duplicates", "provider", string(p.Name))
		}
	}
}

func restrict(holders []*provider) []string {
	names, seen := []string{}, map[*provider]bool{}
	for _, p := range holders {
		p.restricted = true
		if !seen[p] {
			names = append(names, string(p.Name))
		}
		seen[p] = true
	}
	return names
}

// allowsUIUpdates and externalName are what the API says about a provisioned dashboard.
func (r *provisioner) allowsUIUpdates(name string) bool {
	for _, p := range r.providers {
		if string(p.Name) == name {
			return bool(p.AllowUIUpdates)
		}
	}
	return false
}

func (r *provisioner) externalName(d *dashboard) string {
	for _, p := range r.providers {
		if string(p.Name) == d.Provider {
			if relative, err := filepath.Rel(p.root(), d.ExternalID); err == nil {
				return relative
			}
		}
	}
	return d.ExternalID
}
