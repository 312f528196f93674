# Made by mcpmon; a change here is undone by the next `mcpmon up`.
# What Logstash's ruby filter calls: pipeline.rb over an event.
def register(params)
  require params["library"]
  @pipeline = McpmonPipeline.load(params["model"])
end

def filter(event)
  before = event.to_hash.reject { |name, _| name.start_with?("@") }
  after = @pipeline.apply(before)
  return [] if after.nil?
  moment = after.delete("@time")
  event.timestamp = LogStash::Timestamp.new(moment) if moment
  after.each { |name, value| event.set("[#{name}]", value) unless before[name] == value }
  [event]
end
