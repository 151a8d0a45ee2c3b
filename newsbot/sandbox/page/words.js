// The page's own words, Korean or English: after the browser's language until a visitor chooses, then remembered.
const WORDS = {
  about: ["이 컴퓨터 안에서만 도는 텔레그램·슬랙 대역. 밖으로 나가는 것은 없습니다.", "Stand-ins for Telegram and Slack on this machine. Nothing leaves it."],
  telegram: ["텔레그램", "Telegram"], slack: ["슬랙", "Slack"],
  log: ["API가 받은 것", "What the API saw"], logTab: ["기록", "Log"], trouble: ["장애", "Faults"], views: ["화면", "Views"],
  toolsHide: ["도구 숨기기", "Hide tools"], toolsShow: ["도구 보이기", "Show tools"], languageIs: ["Switch to English", "한국어로 바꾸기"], language: ["EN", "한"],
  themeAuto: ["화면: 시스템", "Theme: system"], themeLight: ["화면: 밝게", "Theme: light"], themeDark: ["화면: 어둡게", "Theme: dark"],
  live: ["실시간", "live"], lost: ["연결이 끊겼습니다. 다시 잇는 중", "connection lost, trying again"],
  // chats
  chats: ["채팅 목록", "Chats"], channels: ["채널과 다이렉트 메시지", "Channels and direct messages"], messages: ["메시지", "Messages"],
  find: ["검색", "Search"], empty: ["아직 메시지가 없습니다", "No messages yet"], choose: ["채팅을 골라 주십시오", "Choose a chat"],
  notStarted: ["아직 봇을 시작하지 않았습니다", "has not started the bot yet"], bot: ["봇", "bot"],
  private: ["봇과의 1:1 채팅", "private chat with the bot"], group: ["그룹 · {n}명", "group · {n} members"],
  supergroup: ["슈퍼그룹 · {n}명", "supergroup · {n} members"], forum: ["포럼 · {n}명", "forum · {n} members"], channel: ["채널 · @{name}", "channel · @{name}"],
  blocked: ["봇을 차단했습니다", "has blocked the bot"], gone: ["봇이 여기 없습니다", "the bot is not here"], moved: ["슈퍼그룹으로 옮겼습니다", "moved to a supergroup"],
  topics: ["주제", "Topics"], allTopics: ["모두", "All"], general: ["General", "General"],
  moreChats: ["그 밖의 채팅 {n}개", "{n} more chats"], older: ["이전 메시지 {n}건 더 보기", "Show {n} earlier messages"], fresh: ["새 메시지 {n}건", "{n} new messages"],
  unread: ["안 읽음 {n}건", "{n} unread"], back: ["목록으로", "Back to the list"], today: ["오늘", "Today"], yesterday: ["어제", "Yesterday"],
  // composing
  as: ["보내는 사람", "as"], send: ["보내기", "Send"], commands: ["봇 명령", "Bot commands"], slash: ["/news 명령 쓰기", "Write a /news command"],
  telegramHint: ["메시지", "Message"], slackHint: ["{chat}에 메시지 보내기", "Message {chat}"], replyHint: ["답글…", "Reply…"],
  deaf: ["지금 듣고 있는 봇이 없습니다.", "No bot is listening right now."],
  unseen: ["봇에게는 보이지 않는 글입니다.", "The bot does not get to see this."], noCommands: ["봇이 알린 명령이 없습니다", "The bot announced no commands"],
  nobody: ["여기에 쓸 수 있는 사람이 없습니다", "Nobody may write here"],
  late: ["앱이 3초 안에 답하지 않았습니다 ({why})", "The app did not answer within 3 seconds ({why})"],
  // messages
  edited: ["수정됨", "edited"], editedSlack: ["(편집됨)", "(edited)"], quiet: ["(바뀜)", "(changed)"],
  quietWhy: ["슬랙은 블록을 바꾼 메시지에 ‘편집됨’을 붙이지 않습니다", "Slack shows no “edited” mark when blocks are replaced"],
  was: ["{time}까지의 글", "as it read until {time}"], deleted: ["지워진 메시지", "Deleted message"], silent: ["소리 없이 보냄", "sent silently"],
  only: ["{name}에게만 보임", "Only visible to {name}"], onlyYou: ["나에게만 표시", "Only visible to you"],
  picture: ["이미지", "Image"], notFetched: ["아무것도 받아 오지 않으므로 제목은 글에서 따왔습니다", "Nothing is fetched: the title is taken from the message"],
  expand: ["더 보기", "Show more"], fold: ["접기", "Show less"], spoiler: ["가린 글 보기", "Reveal hidden text"], dropped: ["서버가 말없이 빼는 것: {what}", "The server drops in silence: {what}"],
  replies: ["답글 {n}개", "{n} replies"], oneReply: ["답글 1개", "1 reply"], last: ["마지막 답글 {time}", "last reply {time}"],
  thread: ["스레드", "Thread"], inThread: ["스레드에 답글:", "replied to a thread:"], alsoChannel: ["채널에도 보냄", "Also sent to the channel"],
  joined: ["구성원 {n}명", "{n} members"], archived: ["보관된 채널", "archived"], app: ["앱", "APP"], apps: ["앱", "Apps"], directs: ["다이렉트 메시지", "Direct messages"], rooms: ["채널", "Channels"],
  homeTab: ["홈", "Home"], messagesTab: ["메시지", "Messages"], seenBy: ["보는 사람", "Seen by"], noHome: ["앱이 아직 홈을 내놓지 않았습니다", "The app has published no Home yet"],
  optional: ["(선택)", "(optional)"], pick: ["고르기", "Choose"], time: ["시각", "Time"], cancel: ["취소", "Cancel"], answersTo: ["답장: {text}", "Reply: {text}"], topicClosed: ["닫힌 주제", "closed topic"],
  openLink: ["이 링크를 열까요?", "Open this link?"], open: ["열기", "Open"], close: ["닫기", "Close"], ok: ["확인", "OK"], copied: ["복사했습니다", "Copied"],
  // the log
  filter: ["보기", "Filter"], all: ["모두", "All"], sends: ["보내기만", "Sends"], refused: ["거절만", "Refused"],
  rate: ["{name} 초당 {n}", "{name} {n}"], limit: ["/ {n}", "/ {n} per s"], noLimit: ["속도 제한 꺼짐", "rate limits off"], anyRate: ["/ ∞", "/ ∞ per s"],
  noCalls: ["아직 받은 요청이 없습니다", "No calls yet"], noRefused: ["거절한 요청이 없습니다", "Nothing was refused"], noAnswer: ["답 없음", "no answer"],
  struck: ["장애: {kind}", "fault: {kind}"], sent: ["보낸 것", "sent"], answered: ["받은 답", "answer"],
  // faults
  clear: ["모두 끄기", "Clear all"], noFaults: ["켜진 장애 없음", "no faults"], active: ["장애 {n}", "{n} active"],
  platform: ["플랫폼", "Platform"], both: ["둘 다", "Both"], chat: ["채팅", "Chat"], anyChat: ["모든 채팅", "Any chat"], times: ["횟수", "How often"],
  once: ["1번", "once"], nTimes: ["{n}번", "{n} times"], always: ["계속", "always"], seconds: ["초", "Seconds"],
  processed: ["처리는 하고 답만 망침", "take effect, spoil only the answer"], remove: ["빼기", "Remove"],
  hits: ["{n}번 일으킴", "struck: {n}"], left: ["{n}번 남음", "{n} left"], spent: ["다 씀", "used up"], paused: ["멈춤", "paused"],
  rights: ["실제 상태", "Real states"], botIs: ["봇의 지위", "The bot is"], migrate: ["슈퍼그룹으로", "Make it a supergroup"], isArchived: ["보관됨", "archived"], botInside: ["봇이 들어 있음", "bot inside"],
  revoked: ["슬랙 토큰 취소됨", "Slack token revoked"], noScope: ["chat:write 권한 없음", "chat:write scope lost"], limitsOn: ["속도 제한", "Rate limits"],
  creator: ["소유자", "owner"], administrator: ["관리자", "administrator"], member: ["구성원", "member"], restricted: ["제한됨", "restricted"], left_: ["나감", "left"], kicked: ["내보냄", "kicked"], kickedPrivate: ["차단당함", "blocked"],
};

const FAULTS = {
  "429": ["429 폭풍", "429 storm", "너무 잦다며 {s}초 뒤에 오라고 합니다", "too many requests, come back in {s} s"],
  "5xx": ["5xx", "5xx", "서버 오류 500", "server error 500"],
  hang: ["받고 침묵", "Hang", "요청을 받고 {s}초 동안 답하지 않습니다", "takes the call, stays silent for {s} s"],
  reset: ["연결 끊김", "Reset", "답 대신 연결을 끊습니다", "cuts the connection instead of answering"],
  stale: ["식은 연결", "Stale line", "쉬던 연결을 다시 쓰는 순간 끊습니다", "closes a kept connection as it is used again"],
  drip: ["찔끔찔끔", "Drip", "처리하고 1초에 한 글자씩 답합니다", "takes effect, answers one byte a second"],
  slow: ["느림", "Slow", "{s}초 늦게 제대로 답합니다", "answers properly, {s} s late"],
  garbage: ["깨진 답", "Garbage", "처리하고 HTML로 답합니다", "takes effect, answers with HTML"],
  truncated: ["잘린 답", "Truncated", "처리하고 답을 반만 보냅니다", "takes effect, sends half the answer"],
  huge: ["거대한 답", "Huge answer", "처리하고 10MB로 답합니다", "takes effect, answers with 10 MB"],
  other_chat: ["엉뚱한 채팅", "Other chat", "처리하고 다른 채팅 번호로 답합니다", "takes effect, names another chat"],
  blocked: ["차단한 사람", "Blocked", "사람이 봇을 차단했습니다", "the person blocked the bot"],
  kicked: ["쫓겨남", "Kicked", "봇을 내보냈습니다", "the bot was kicked out"],
  chat_not_found: ["없는 채팅", "Chat not found", "그런 채팅이 없습니다", "there is no such chat"],
  migrated: ["옮겨 간 그룹", "Migrated group", "그룹이 새 번호로 옮겨 갔습니다", "the group has a new id"],
  archived: ["보관된 채널", "Archived channel", "더는 쓸 수 없는 채널", "a channel nobody can write to"],
  not_in_channel: ["채널 밖", "Not in channel", "봇이 채널에 없습니다", "the bot is not a member"],
  no_rights: ["권한 잃음", "Lost rights", "쓸 권한이 없습니다", "no right to post"],
  revoked: ["토큰 취소", "Revoked token", "토큰이 듣지 않습니다", "the token is refused"],
};

function remembered() {
  try { return localStorage.getItem("language"); } catch { return null; }
}

let language = remembered() || ((navigator.language || "ko").toLowerCase().startsWith("ko") ? "ko" : "en");

/** "ko" or "en". */
export const locale = () => language;

/** Chooses the page's language and remembers it. */
export function speak(name) {
  language = name;
  try { localStorage.setItem("language", name); } catch { /* for this visit only */ }
}

const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ""));

/** One of the page's words in its language; unknown names come back as they are. */
export function word(name, values = {}) {
  return filled((WORDS[name] || [name, name])[language === "ko" ? 0 : 1], values);
}

/** The kinds of trouble that can be scripted. */
export const FAULT_KINDS = Object.keys(FAULTS);

/** A fault's name and what it does. */
export function faultWords(kind, seconds) {
  const found = FAULTS[kind] || [kind, kind, "", ""];
  const at = language === "ko" ? 0 : 1;
  return { name: found[at], hint: filled(found[at + 2], { s: seconds }) };
}

/** Writes the words that stand in the page's own markup. */
export function label(root) {
  document.documentElement.lang = language;
  for (const node of root.querySelectorAll("[data-word]")) node.textContent = word(node.dataset.word);
  for (const node of root.querySelectorAll("[data-word-label]")) node.setAttribute("aria-label", word(node.dataset.wordLabel));
  for (const node of root.querySelectorAll("[data-word-hint]")) {
    node.placeholder = word(node.dataset.wordHint);
    node.setAttribute("aria-label", node.placeholder);
  }
}
