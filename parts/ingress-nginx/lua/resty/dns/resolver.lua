-- Stand-in for lua-resty-dns: resolves nothing, so a Service of type ExternalName cannot be reached.
return {
  TYPE_A = 1,
  TYPE_AAAA = 28,
  new = function()
    return nil, "names are not resolved"
  end,
}
