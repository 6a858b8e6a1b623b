using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.ShallowToDeep.Enhancer;

/// <summary>Steps of AdamW on a graph that gives one logit, towards truth that may be soft.</summary>
internal sealed class EnhancerTraining(TrainableGraph graph, ForegroundLoss lossKind, double weightDecay) : IDisposable
{
    private readonly DeviceVector _target = graph.Backend.CreateVector(graph.Output.Length);
    private readonly DeviceVector _noFlow = graph.Backend.CreateVector(2 * graph.Output.Length);
    private readonly DeviceVector _sums = graph.Backend.CreateVector(3);
    private readonly DeviceVector _optimizerSums = graph.Backend.CreateVector(2);
    private readonly DeviceVector _firstMoment = graph.Backend.CreateVector(graph.Network.ParameterCount);
    private readonly DeviceVector _secondMoment = graph.Backend.CreateVector(graph.Network.ParameterCount);
    private readonly ChannelMeaning[] _channels = graph.Network.Outputs.Meanings;
    private int _steps;

    /// <summary>One step of the optimiser.</summary>
    /// <param name="maps">[batch, crop, crop].</param>
    /// <param name="truth">The same, from 0 to 1.</param>
    /// <returns>The loss before it.</returns>
    public double Step(float[] maps, float[] truth, double rate)
    {
        double loss = Gradient(maps, truth);
        graph.Backend.Steps.OptimizerStep(
            new OptimizerVectors(graph.Weights.Parameters, graph.ParameterGradients!, _firstMoment, _secondMoment, null, null),
            new OptimizerStepOptions(
                ++_steps, (float)rate, (float)weightDecay, 0.9f, 0.999f, 1e-8f, 0, false, 1),
            _optimizerSums);
        graph.Weights.MarkChanged();
        return loss;
    }

    /// <summary>The loss, and its gradient in the graph.</summary>
    public double Gradient(float[] maps, float[] truth)
    {
        graph.Input.Upload(maps);
        graph.Forward();
        double loss;
        if (lossKind == ForegroundLoss.Dice)
        {
            (loss, float[] gradient) = DiceLoss.Compute(graph.Output.Download(), truth);
            graph.OutputGradient!.Upload(gradient);
        }
        else
        {
            _target.Upload(truth);
            graph.Backend.Steps.SupervisedLoss(
                graph.Output, graph.OutputShape, _channels, _target, _noFlow, 1, graph.OutputGradient!, _sums);
            loss = _sums.Download()[2];
        }

        graph.Backward();
        return loss;
    }

    public void Dispose()
    {
        foreach (DeviceVector vector in new[] { _target, _noFlow, _sums, _optimizerSums, _firstMoment, _secondMoment })
        {
            vector.Dispose();
        }
    }
}
