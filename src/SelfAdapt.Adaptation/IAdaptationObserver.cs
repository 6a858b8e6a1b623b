using SelfAdapt.Adaptation.Stopping;
using SelfAdapt.Engine.Autodiff;

namespace SelfAdapt.Adaptation;

/// <summary>Hears what happens in a run, as it happens.</summary>
internal interface IAdaptationObserver
{
    void OnStep(StepPoint point)
    {
    }

    void OnEvaluation(EvaluationPoint point, StopDecision decision, WeightSnapshot weights);
}
