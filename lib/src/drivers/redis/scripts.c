/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scripts.c - what the server does in one atomic step each, in its Lua.
 *
 * An Integer is the hash {SPACE:KEY}:i, a Lock the hash {SPACE:KEY}:l:
 *
 *   v  an Integer's value, there only while it exists
 *   w  somebody sleeps until it changes: tell it on this channel, and take the
 *      mark away
 *   s  who has the Lock: "KIND FENCE END CLIENT NUMBER"; empty or not there
 *      while it is free. KIND: 0 plain, 1 a Hold that its process keeps alive,
 *      2 a Hold with a lease. END: microseconds since 1970 when its lease
 *      ends, 0 without one. CLIENT NUMBER: the request that took it. It is
 *      also what waiters are told when it ends
 *   o  its owner, as owner.c writes it; means nothing while the Lock is free
 *   f  the last fence
 *   eFENCE  "CLIENT NUMBER": that request ends the plain acquisition with this fence (announce.c): with it the Lock
 *      is free, whatever s says. The next change of the Lock makes that request's record of it
 *   x  how far the sweep of old records has come
 *   any CLIENT (32 characters): its last request: "NUMBER TIME RESULT"
 *
 * Each changing request carries its client and number. The same number again
 * gets the result that is stored, a smaller one is refused: so a request that
 * is repeated happens once, and one that was left in a dead connection cannot
 * happen late. "No" and "overflow" are stored too, for the same reason; but
 * not that there is no acquisition with some fence, which stays true. One
 * that its client has given up may still come until it has been settled: a
 * release names the acquisition that it is about, so it never frees a later one.
 *
 * A repeat writes its record again: who then WAITs for replicas waits for all
 * that was written before, the change itself too.
 *
 * A hash that holds neither a value nor an acquisition expires after the life
 * of its records. In others the records of clients that are gone are swept:
 * whoever comes to a key for the first time looks at some twenty of them.
 * TIME is when a record was last renewed: on Integers a client asks for that
 * only now and then, which keeps an increment at two commands.
 *
 * Fences are the server's microseconds since 1970, or the last one and one
 * more: they grow even if the server has lost what it knew.
 *
 * Lua's numbers are doubles: values are added in Lua while both are well below
 * 2^53, else by HINCRBY, and only ever read as strings.
 *
 * A write that needs no memory comes first, and lets what follows through: what
 * frees something, or keeps what there is, works on a server that is full.
 *
 * Between two requests a processor forgets its way: what a script costs then is
 * how much it makes the server do, so patterns, numbers and digests are left to
 * the cases that need them. Numbers of requests are compared as text: they
 * have leading zeros.
 */
#if PSYNC_WITH_REDIS

#include "scripts.h"

#include <stddef.h>

/* clang-format off */

/* From each first line on: k, c, n, and the record r that the client had, which ends the script if n is not new. */
#define KNOWN_NUMBER \
    "if r then\n" \
    "  local last=string.sub(r,1,16)\n" \
    "  if last==n then\n" \
    "    redis.pcall('HSET',k,c,r)\n" \
    "    return string.sub(r,29)\n" \
    "  end\n" \
    "  if last>n then return redis.error_reply('STALE a later request of this client was served before') end\n" \
    "end\n"

/* The client's first request here: looks over some records for old ones, and ends that were announced in vain. t is the
 * time in seconds. A full server may refuse the mark how far it came. */
#define SWEEP \
    "if not r and redis.call('HLEN',k)>32 then\n" \
    "  local s=redis.call('HSCAN',k,redis.call('HGET',k,'x') or '0','COUNT',20)\n" \
    "  local p,old=s[2],{}\n" \
    "  for i=1,#p,2 do\n" \
    "    local out=#p[i]==32 and t-string.sub(p[i+1],18,27)>600 or #p[i]<32 and string.byte(p[i])==101\n" \
    "    if out and #old<1000 then old[#old+1]=p[i] end\n" \
    "  end\n" \
    "  if #old>0 then redis.call('HDEL',k,unpack(old)) end\n" \
    "  redis.pcall('HSET',k,'x',s[1])\n" \
    "end\n"

#define EXPIRE_WITH_RECORDS "redis.call('PEXPIRE',k,600000)\n"

/*
 * ARGV: client, number, '1' to renew the record's time, and what follows.
 * v is the value or false, q what the record begins with.
 */
#define INTEGER \
    "local k,c,n=KEYS[1],ARGV[1],ARGV[2]\n" \
    "local h=redis.call('HMGET',k,'v',c,'w')\n" \
    "local v,r,q=h[1],h[2]\n" \
    KNOWN_NUMBER \
    "if r and ARGV[3]~='1' then q=n..string.sub(r,17,28) else\n" \
    "  local t=redis.call('TIME')[1]\n" \
    "  q=n..' '..t..' '\n" \
    SWEEP \
    "end\n"

/* The value is about to be s, "none" if it goes. */
#define TELL_INTEGER \
    "if h[3] then\n" \
    "  redis.call('PUBLISH',h[3],s)\n" \
    "  redis.call('HDEL',k,'w')\n" \
    "end\n"

/* ARGV: client, number, channel, and what follows. s is what stands there of an acquisition, or false. */
#define LOCK \
    "local k,c,n,call=KEYS[1],ARGV[1],ARGV[2],redis.call\n" \
    "local h=call('HMGET',k,'s',c,'f')\n" \
    "local s,r=h[1],h[2]\n" \
    KNOWN_NUMBER \
    "if s=='' then s=false end\n" \
    "local T=call('TIME')\n" \
    "local t=T[1]\n" \
    FINISH_ANNOUNCED \
    SWEEP \
    "local q=n..' '..t..' '\n"

#define NOW "(T[1]*1000000+T[2])"

/*
 * d, f, e: kind, fence and end of s. s becomes false if that has run out. What is no acquisition, but stands there,
 * is taken for a plain one with the fence 0.
 */
#define READ_ACQUISITION(s) \
    "d,f,e=string.match(" s ",'^(%d) (%d+) (%d+)')\n" \
    "if not d then d,f,e='0','0','0' end\n" \
    "if e~='0' and " NOW ">=tonumber(e) then " s "=false end\n"

/* If the end of s was announced, s becomes false, and w tells which request it was, whose record is made at the time t
 * in seconds: unless its client has a later one, which has given that request up. */
#define FINISH_ANNOUNCED \
    "local w\n" \
    "if s then\n" \
    "  local a=string.match(s,'^0 (%d+) ')\n" \
    "  w=a and call('HGET',k,'e'..a)\n" \
    "  if w then\n" \
    "    local o,m=string.sub(w,1,32),string.sub(w,34)\n" \
    "    local p=o==c and r or call('HGET',k,o)\n" \
    "    call('HDEL',k,'e'..a)\n" \
    "    " EXPIRE_WITH_RECORDS \
    "    if not p or string.sub(p,1,16)<m then\n" \
    "      call('HSET',k,'s','',o,m..' '..t..' ok')\n" \
    "    else\n" \
    "      call('HSET',k,'s','')\n" \
    "    end\n" \
    "    s=false\n" \
    "  end\n" \
    "end\n"

/* The acquisition s is about to end; or its lease was cut short. */
#define TELL_LOCK(s) "call('PUBLISH',ARGV[3]," s ")\n"
#define TELL_RENEWED "call('PUBLISH',ARGV[3],'renewed')\n"

/* ... kind, lease in microseconds or 0, the fence of a ghost that counts as absent or '', owner. */
static const char acquire[] = LOCK
    "local old,d,f,e=s\n"
    "if s then\n"
    READ_ACQUISITION("s")
    "  if s and f~=ARGV[6] then\n"
    "    call('HSET',k,c,q..'busy')\n"
    "    local left=e=='0' and '-1' or string.format('%.0f',e-" NOW ")\n"
    "    return 'busy '..f..' '..d..' '..left..' '..(call('HGET',k,'o') or '')\n"
    "  end\n"
    "  " TELL_LOCK("old")
    "end\n"
    "local a,last=t..string.sub('00000'..T[2],-6),h[3]\n"
    "if last and (#last~=#a or a<=last) then\n"
    "  last=tonumber(last) or 0\n"
    "  if tonumber(a)<=last then a=string.format('%.0f',last+1) end\n"
    "end\n"
    "local z=ARGV[5]=='0' and '0' or string.format('%.0f'," NOW "+ARGV[5])\n"
    "call('HSET',k,'s',ARGV[4]..' '..a..' '..z..' '..c..' '..n,'f',a,'o',ARGV[7],c,q..'ok '..a)\n"
    "if z=='0' then\n"
    "  call('PERSIST',k)\n"
    "else\n"
    "  call('PEXPIRE',k,string.format('%.0f',math.ceil(ARGV[5]/1000)+600000))\n"
    "end\n"
    "return 'ok '..a\n";

/* ... fence, '1' if its end was announced. If not, and it is no repeat, the answer says how many heard of it. */
static const char release[] = LOCK
    "if w==c..' '..n then return 'ok' end\n"
    "local mine,d,f,e=s and string.sub(s,1,#ARGV[4]+3)=='0 '..ARGV[4]..' '\n"
    "local old=s\n"
    "if s and not mine then\n"
    READ_ACQUISITION("s")
    "  mine=s and f==ARGV[4]\n"
    "end\n"
    "if mine then\n"
    "  local told=" TELL_LOCK("old")
    "  " EXPIRE_WITH_RECORDS
    "  call('HSET',k,'s','',c,q..'ok')\n"
    "  return 'ok '..told\n"
    "end\n"
    "if ARGV[5]=='1' then call('HDEL',k,'e'..ARGV[4]) end\n"
    "return 'none'\n";

/* ... fence, kind, lease in microseconds. */
static const char renew[] = LOCK
    "local d,f,e\n"
    "if s then\n"
    READ_ACQUISITION("s")
    "end\n"
    "if not s or f~=ARGV[4] then return 'none' end\n"
    "local z=" NOW "+ARGV[6]\n"
    "if e=='0' or z<tonumber(e) then " TELL_RENEWED "end\n"
    "call('PEXPIRE',k,string.format('%.0f',math.ceil(ARGV[6]/1000)+600000))\n"
    "local token=string.match(s,'^%d %d+ %d+ (.*)')\n"
    "call('HSET',k,'s',ARGV[5]..' '..f..' '..string.format('%.0f',z)..' '..token,c,q..'ok')\n"
    "return 'ok'\n";

/* ... channel of a Lock, and a fence or ''. The number is that of a request that was given up: what it took is freed,
 * and it cannot happen any more. Of Integers, too. The fence is of the plain acquisition whose end it may have
 * announced, or may still announce: so that is ended. */
static const char settle[] =
    "local k,c,n,call=KEYS[1],ARGV[1],ARGV[2],redis.call\n"
    "local h=call('HMGET',k,'s',c,'v')\n"
    "local s,r=h[1]~='' and h[1],h[2]\n"
    "local t=call('TIME')[1]\n"
    FINISH_ANNOUNCED
    "local taken=s and (string.match(s,'^%d %d+ %d+ (.*)')==c..' '..n or string.match(s,'^0 (%d+) ')==ARGV[4])\n"
    "if taken then\n"
    "  " TELL_LOCK("s")
    "  call('HDEL',k,'s','o')\n"
    "end\n"
    "if not r or string.sub(r,1,16)<n then\n"
    "  call('HSET',k,c,n..' '..t..' busy')\n"
    "end\n"
    "if not h[3] and (taken or not s) then " EXPIRE_WITH_RECORDS "end\n"
    "return 'ok'\n";

/* In what looks at many keys: one that is something else is an error in its place, and hides no other. */
#define OTHER_ERRORS "if h.err and not string.find(h.err,'WRONGTYPE') then return h end\n"

/* No ARGV. For each key as the answer "busy" of acquire, without the word; nil if there is no Lock. */
static const char inspect[] =
    "local all,T={}\n"
    "for i=1,#KEYS do\n"
    "  local h=redis.pcall('HMGET',KEYS[i],'s','o')\n"
    "  " OTHER_ERRORS
    "  all[i]=h.err and h or false\n"
    "  if h[1] and h[1]~='' then\n"
    "    local d,f,e=string.match(h[1],'^(%d) (%d+) (%d+)')\n"
    "    if not d then d,f,e='0','0','0' end\n"
    "    local left=-1\n"
    "    if e~='0' then\n"
    "      T=T or redis.call('TIME')\n"
    "      left=e-(T[1]*1000000+T[2])\n"
    "    end\n"
    "    local ended=d=='0' and redis.call('HGET',KEYS[i],'e'..f)\n"
    "    if not ended and (left>0 or e=='0') then all[i]=f..' '..d..' '..string.format('%.0f',left)..' '..(h[2] or '') end\n"
    "  end\n"
    "end\n"
    "return all\n";

/* No ARGV. For each key its value, nil if there is no Integer. */
static const char values[] =
    "local all={}\n"
    "for i=1,#KEYS do\n"
    "  local h=redis.pcall('HMGET',KEYS[i],'v')\n"
    "  " OTHER_ERRORS
    "  if h.err then all[i]=h else all[i]=h[1] end\n"
    "end\n"
    "return all\n";

/* ... what to add, '9223372036854775808' too. */
static const char add[] = INTEGER
    "local by,s=ARGV[4]\n"
    "local a,b=tonumber(v or 0),tonumber(by)\n"
    "if a and (not v or string.format('%.0f',a+0)==v) and a<4503599627370496 and a>-4503599627370496\n"
    "  and b<4503599627370496 and b>-4503599627370496 then\n"
    "  s=string.format('%.0f',a+b)\n"
    "  " TELL_INTEGER
    "  redis.call('HSET',k,'v',s,c,q..s)\n"
    "else\n"
    "  local big=by=='9223372036854775808'\n"
    "  local over=big and not (v and string.sub(v,1,1)=='-')\n"
    "  if not over then\n"
    "    if big then by='9223372036854775807' end\n"
    "    local e=redis.pcall('HINCRBY',k,'v',by)\n"
    "    over=type(e)=='table' and e.err\n"
    "    if over and not string.find(over,'overflow') then return e end\n"
    "  end\n"
    "  if over then\n"
    "    redis.call('HSET',k,c,q..'over')\n"
    "    if not v then " EXPIRE_WITH_RECORDS "end\n"
    "    return 'over'\n"
    "  end\n"
    "  if big then redis.call('HINCRBY',k,'v',1) end\n"
    "  s=redis.call('HGET',k,'v')\n"
    "  redis.call('HSET',k,c,q..s)\n"
    "  " TELL_INTEGER
    "end\n"
    "if not v then redis.call('PERSIST',k) end\n"
    "return s\n";

/* ... value. */
static const char set[] = INTEGER
    "local s=ARGV[4]\n"
    TELL_INTEGER
    "redis.call('HSET',k,'v',s,c,q..'ok')\n"
    "if not v then redis.call('PERSIST',k) end\n"
    "return 'ok'\n";

/* ... expected, desired. */
static const char compare_set[] = INTEGER
    "if v~=ARGV[4] then\n"
    "  local found=v or 'none'\n"
    "  redis.call('HSET',k,c,q..found)\n"
    "  if not v then " EXPIRE_WITH_RECORDS "end\n"
    "  return found\n"
    "end\n"
    "local s=ARGV[5]\n"
    TELL_INTEGER
    "redis.call('HSET',k,'v',s,c,q..'ok')\n"
    "return 'ok'\n";

/* ... nothing. */
static const char remove_[] = INTEGER
    "local s,found='none',redis.call('HDEL',k,'v')==1 and 'ok' or 'none'\n"
    "if v then\n"
    "  " TELL_INTEGER
    "end\n"
    "redis.call('HSET',k,c,q..found)\n"
    EXPIRE_WITH_RECORDS
    "return found\n";

/* ARGV: the channel. The value, nil if there is none; the next change will be told. */
static const char watch[] =
    "local k=KEYS[1]\n"
    "local h=redis.call('HMGET',k,'v','w')\n"
    "if not h[2] then redis.call('HSET',k,'w',ARGV[1]) end\n"
    "if not h[1] then " EXPIRE_WITH_RECORDS "end\n"
    "return h[1]\n";
/* clang-format on */

static const struct {
    const char *name;
    const char *text;
} scripts[REDIS_SCRIPTS] = {
    [REDIS_ACQUIRE] = {"acquire", acquire},
    [REDIS_RELEASE] = {"release", release},
    [REDIS_RENEW] = {"renew", renew},
    [REDIS_SETTLE] = {"settle", settle},
    [REDIS_INSPECT] = {"inspect", inspect},
    [REDIS_VALUES] = {"values", values},
    [REDIS_ADD] = {"add", add},
    [REDIS_SET] = {"set", set},
    [REDIS_COMPARE_SET] = {"compare_set", compare_set},
    [REDIS_REMOVE] = {"remove", remove_},
    [REDIS_WATCH] = {"watch", watch},
};

const char *redis_script_text(enum redis_script script)
{
    return scripts[script].text;
}

const char *redis_script_name(enum redis_script script)
{
    return scripts[script].name;
}

#endif
