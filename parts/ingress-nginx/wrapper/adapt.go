package main

import (
	"regexp"
	"strings"
)

// modulesFolder is where Debian and Ubuntu keep the modules of nginx.
const modulesFolder = "/usr/lib/nginx/modules/"

var modules = []string{
	"ndk_http_module",
	"ngx_http_lua_module",
	"ngx_http_headers_more_filter_module",
	"ngx_http_set_misc_module",
	"ngx_http_subs_filter_module",
	"ngx_stream_module",
}

// nowhere is a port of the loopback interface where nobody listens: a stream without a backend is refused.
const nowhere = "127.0.0.1:1"

var (
	http2         = regexp.MustCompile(`(?m)^\s*http2 (on|off);\n`)
	packagePath   = `lua_package_path "`
	streamStart   = regexp.MustCompile(`(?m)^stream \{`)
	settingSocket = regexp.MustCompile(`content_by_lua_block\s*\{\s*tcp_udp_configuration\.call\(\)\s*\}`)
	luaBlock      = regexp.MustCompile(`\b\w+_by_lua_block\s*\{`)
	luaDirective  = regexp.MustCompile(`(?m)^\s*lua_[^\n]*\n`)
	placeholder   = "server 0.0.0.1:1234;"
)

// surroundings is what a copy depends on besides the configuration itself.
type surroundings struct {
	libraries     string // folder of the Lua stand-ins
	streamBackend string // ADDRESS:PORT, or empty
	root          bool   // whether nginx would try to change its user, which a namespace with one user refuses
}

// adapt makes the copy for the nginx of the distribution.
func adapt(written string, around surroundings) string {
	var head strings.Builder
	for _, module := range modules {
		head.WriteString("load_module " + modulesFolder + module + ".so;\n")
	}
	if around.root {
		head.WriteString("user root;\n")
	}
	text := http2.ReplaceAllString(written, "")
	text = strings.ReplaceAll(text, packagePath, packagePath+around.libraries+"/?.lua;")
	if start := streamStart.FindStringIndex(text); start != nil {
		text = text[:start[0]] + adaptStream(text[start[0]:], around.streamBackend)
	}
	return head.String() + text
}

// adaptStream takes Lua out of the stream block. The controller still finds the socket to which it posts the
// endpoints of streams (it closes the connection), and log formats still find the name of the upstream.
func adaptStream(stream, backend string) string {
	if backend == "" {
		backend = nowhere
	}
	stream = settingSocket.ReplaceAllString(stream, `return "";`)
	stream = withoutBlocks(stream, luaBlock)
	stream = luaDirective.ReplaceAllString(stream, "")
	stream = strings.Replace(stream, placeholder, "server "+backend+";", 1)
	return strings.Replace(stream, "stream {", "stream {\n    map \"\" $proxy_upstream_name { default \"-\"; }", 1)
}

// withoutBlocks leaves out every block whose head matches, up to the brace that closes it.
func withoutBlocks(text string, head *regexp.Regexp) string {
	var kept strings.Builder
	for {
		found := head.FindStringIndex(text)
		if found == nil {
			return kept.String() + text
		}
		kept.WriteString(text[:found[0]])
		text = text[closing(text, found[1]):]
	}
}

// closing is the position behind the brace that closes the block whose content begins at start.
func closing(text string, start int) int {
	depth := 1
	for i := start; i < len(text); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			depth--
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(text)
}
