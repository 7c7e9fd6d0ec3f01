import sys, traceback
from router.http import front
import logging
exec(open('.je2.py').read().split("kw=eval")[0])
import structlog
import tests.simulation.run as R
def show(_l,_m,d):
    if d.get('exc_info'):
        traceback.print_exc()
    raise structlog.DropEvent
R._drop=show
kw=eval(sys.argv[1]); s=int(sys.argv[2])
try: run_options(replace(PLAIN,seed=s,**kw))
except Exception as e: print(str(e)[:300])
