package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"
)

// transport and authorize are what a data source's settings mean for a request to it.
func (ds *datasource) transport() http.RoundTripper {
	settings := &tls.Config{}
	if skip, _ := ds.JSONData["tlsSkipVerify"].(bool); skip {
		settings.InsecureSkipVerify = true // the user's own setting, as in Grafana
	}
	if own, _ := ds.JSONData["tlsAuthWithCACert"].(bool); own {
		settings.RootCAs = x509.NewCertPool()
		settings.RootCAs.AppendCertsFromPEM([]byte(ds.secrets["tlsCACert"]))
	}
	return &http.Transport{TLSClientConfig: settings, DisableKeepAlives: true, ResponseHeaderTimeout: 30 * time.Second}
}

func (ds *datasource) authorize(r *http.Request) {
	if ds.BasicAuth {
		r.SetBasicAuth(ds.BasicAuthUser, ds.secrets["basicAuthPassword"])
	}
	for i := 1; ; i++ {
		name, ok := ds.JSONData[fmt.Sprintf("httpHeaderName%d", i)].(string)
		if !ok {
			return
		}
		r.Header.Set(name, ds.secrets[fmt.Sprintf("httpHeaderValue%d", i)])
	}
}

// check asks the data source for 1+1, as the plugins do.
func (ds *datasource) check(ctx context.Context) (string, any, error) {
	path, good, bad := "/api/v1/query?query=1%2B1", "Successfully queried the Prometheus API.", "There was an error returned querying the Prometheus API."
	var details any = map[string]any{"application": "Prometheus", "features": map[string]any{"rulerApiEnabled": false}}
	if ds.Type == "loki" {
		path, good = "/loki/api/v1/query?query=vector(1)%2Bvector(1)", "Data source successfully connected."
		bad, details = "Unable to connect with Loki. Please check the server logs for more details.", nil
	}
	err := ds.ask(ctx, path)
	if err == nil {
		return good, details, nil
	}
	if ds.Type == "prometheus" {
		bad = err.Error() + " - " + bad
	}
	return bad, nil, err
}

func (ds *datasource) ask(ctx context.Context, path string) error {
	if ds.URL == "" {
		return errors.New("data source url is empty")
	}
	request, err := http.NewRequestWithContext(ctx, "GET", strings.TrimRight(ds.URL, "/")+path, nil)
	if err != nil {
		return err
	}
	ds.authorize(request)
	client := &http.Client{Transport: ds.transport(), Timeout: 30 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != 200 {
		return fmt.Errorf("%s", response.Status)
	}
	var result struct {
		Status string `json:"status"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&result); err != nil {
		return err
	}
	if result.Status != "success" {
		return fmt.Errorf("unexpected status %q", result.Status)
	}
	return nil
}

var prometheusPosts = []string{"api/v1/query", "api/v1/query_range", "api/v1/query_exemplars", "api/v1/series", "api/v1/labels"}

func (s *server) proxy(w http.ResponseWriter, r *http.Request) {
	ds, path := s.upstream(r.PathValue("uid")), r.PathValue("path")
	if ds == nil {
		fail(w, 404, "Unable to find datasource")
		return
	}
	if ds.Type == "prometheus" && r.Method == http.MethodPost && !contains(prometheusPosts, path) {
		fail(w, 403, "non allow-listed POSTs not allowed on proxied Prometheus datasource")
		return
	}
	target, err := url.Parse(ds.URL)
	if err != nil || target.Host == "" {
		fail(w, 400, "Validation error, invalid URL")
		return
	}
	if target.Path == "" {
		target.Path = "/"
	}
	proxy := httputil.ReverseProxy{
		Transport: ds.transport(),
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL = target.JoinPath(strings.SplitN(p.In.URL.EscapedPath(), "/", 7)[6]) // escapes in the path stay
			p.Out.URL.RawQuery = p.In.URL.RawQuery
			p.Out.Host = ""
			p.Out.Header.Del("Authorization")
			p.Out.Header.Del("Cookie")
			ds.authorize(p.Out)
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			logger("data-proxy-log").error("Proxy request failed", "uid", ds.UID, "error", err)
			fail(w, 502, "Bad Gateway")
		},
	}
	proxy.ServeHTTP(w, r)
}
