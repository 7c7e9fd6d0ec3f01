import sys
exec(open('.je2.py').read().split("kw=eval")[0])
from tests.simulation import visitors as V
out=[]
real=V.Visitors.hears
def hears(self, v, pipe, frame):
    if v.name==sys.argv[3]: out.append((self._clock.now(),'<',{k:str(x)[:40] for k,x in frame.items()}, v.since))
    real(self,v,pipe,frame)
V.Visitors.hears=hears
rs=V.Pipe.say
def say(self, kind, **f):
    if self._visitor.name==sys.argv[3]: out.append((self._visitors._clock.now(),'>',kind,{k:str(x)[:40] for k,x in f.items()}))
    rs(self,kind,**f)
V.Pipe.say=say
kw=eval(sys.argv[1]); s=int(sys.argv[2])
try: run_options(replace(PLAIN,seed=s,**kw))
except Exception as e: print(str(e)[:300])
for o in out[:40]: print(*o)
W=w['w']
n='v'+sys.argv[3].split()[1]+'-'
cus=set()
for b in W.log.batches:
    for e in b.events:
        t=repr(e)
        if n in t: cus.add(getattr(e,'customer','')); print(b.first,b.at,b.command.kind,b.command.key[-20:],t[:160])
        if type(e).__name__=='CustomerErased' and e.customer in cus: print(b.at,t[:200])
