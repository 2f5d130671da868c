-- Stand-in for lua-resty-ipmatcher, which finds the addresses that global throttling ignores, and is asked for nothing else.
return {
  new = function()
    return {
      match = function()
        return false
      end,
    }
  end,
}
