"""All routes of models and of what they forecast."""

from api import issues, weather
from api.forms.late_routes import Router, adopt
from api.forms.refusals import refusal
from api.models import models, predicting, reigning, results, selections, trainings

router = Router(
    responses={
        403: refusal("You may see the farm and not change this."),
        409: refusal("It contradicts what is there, or itself."),
    }
)
for _resource in (models, reigning, predicting, trainings, results, selections, issues, weather):
    adopt(router, _resource.router)
