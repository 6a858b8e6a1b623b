using SelfAdapt.Adaptation.Resuming;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Models.Graph;
using SelfAdapt.Probabilistic.Networks;

namespace SelfAdapt.Probabilistic.Learning;

/// <summary>A foreground network under training, whatever it is: it has opinions, and it learns from labels.</summary>
internal interface IForegroundLearner : IDisposable
{
    /// <summary>The weights that are trained.</summary>
    NetworkWeights Student { get; }

    /// <summary>Their moving average.</summary>
    NetworkWeights Teacher { get; }

    /// <summary>What one of the two says of a batch.</summary>
    /// <param name="images">[batch, 1, side, side].</param>
    Opinion Look(float[] images, bool asTeacher, RandomStream random);

    /// <summary>One step towards the labels of as many batches as it was made for; their losses are averaged.</summary>
    /// <param name="averageKeep">How much of the moving average stays.</param>
    /// <returns>The loss before it.</returns>
    double Learn(IReadOnlyList<LearningPart> parts, double rate, double averageKeep, RandomStream random);

    /// <summary>What its steps hand on to each other.</summary>
    void Exchange(StateExchange state);

    /// <summary>Student or teacher, to predict with; the weights stay here.</summary>
    ISegmentationNetwork Predictor(bool asTeacher);
}
