-- Sends heartbeats, each with the next terminal's token. The file with the tokens, one per line, is the script's argument.
local requests = {}
local place = 0

function init(arguments)
  local body = '{"battery":87,"network":"ok","printer":"ok","paper":"low","card_reader":"ok"}'
  for token in io.lines(arguments[1]) do
    local headers = { ["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json" }
    requests[#requests + 1] = wrk.format("POST", nil, headers, body)
  end
end

function request()
  place = place % #requests + 1
  return requests[place]
end
