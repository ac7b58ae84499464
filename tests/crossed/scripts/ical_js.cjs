// The events of a feed as ical.js reads them, each occurrence of a series on its own; instants in UTC.
const { readFileSync } = require("node:fs");
const ICAL = require("ical.js").default ?? require("ical.js");

const calendar = new ICAL.Component(ICAL.parse(readFileSync(process.argv[2], "utf8")));
const events = calendar.getAllSubcomponents("vevent").map((component) => {
  const event = new ICAL.Event(component);
  return {
    summary: event.summary,
    start: event.startDate.toJSDate().toISOString(),
    end: event.endDate.toJSDate().toISOString(),
    all_day: event.startDate.isDate,
    status: component.getFirstPropertyValue("status"),
    place: event.location,
  };
});
console.log(JSON.stringify(events));
