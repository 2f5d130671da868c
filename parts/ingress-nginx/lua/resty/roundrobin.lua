-- Stand-in for lua-resty-balancer: the nodes in turn, weights left out.
local Roundrobin = {}
Roundrobin.__index = Roundrobin

function Roundrobin.new(class, nodes)
  local made = setmetatable({}, class)
  made:reinit(nodes)
  return made
end

function Roundrobin:reinit(nodes)
  self.nodes, self.names, self.last = nodes, {}, 0
  for name in pairs(nodes) do
    self.names[#self.names + 1] = name
  end
  table.sort(self.names)
end

function Roundrobin:find()
  if #self.names == 0 then
    return nil
  end
  self.last = self.last % #self.names + 1
  return self.names[self.last]
end

return Roundrobin
