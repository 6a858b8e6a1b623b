using SelfAdapt.Adaptation.Resuming;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;

namespace SelfAdapt.Adaptation.Foreground;

/// <summary>Steps of AdamW on a graph that gives one logit.</summary>
/// <param name="average">Weights that follow those of the graph as their moving average; null: none.</param>
internal sealed class ForegroundTraining(TrainableGraph graph, double weightDecay, NetworkWeights? average = null) : IDisposable
{
    private readonly DeviceVector _optimizerSums = graph.Backend.CreateVector(2);
    private readonly DeviceVector _firstMoment = graph.Backend.CreateVector(graph.Network.ParameterCount);
    private readonly DeviceVector _secondMoment = graph.Backend.CreateVector(graph.Network.ParameterCount);
    private int _steps;

    /// <summary>One step of the optimiser.</summary>
    /// <param name="input">[batch, channels, crop, crop].</param>
    /// <param name="loss">The loss of the logits, [batch, crop, crop], and its gradient.</param>
    /// <param name="averageKeep">How much of the moving average stays.</param>
    /// <returns>The loss before it.</returns>
    /// <exception cref="SelfAdaptException">Numerics: it is no number any more.</exception>
    public double Step(
        float[] input, Func<float[], (double Loss, float[] Gradient)> loss, double rate, double averageKeep = 1) =>
        Step(() => Gradient(input, loss), rate, averageKeep);

    /// <summary>One step of the optimiser.</summary>
    /// <param name="gradient">Puts the loss's gradient into the graph and returns the loss.</param>
    /// <inheritdoc cref="Step(float[], Func{float[], ValueTuple{double, float[]}}, double, double)"/>
    public double Step(Func<double> gradient, double rate, double averageKeep = 1)
    {
        double before = gradient();
        graph.Backend.Steps.OptimizerStep(
            new OptimizerVectors(
                graph.Weights.Parameters, graph.ParameterGradients!, _firstMoment, _secondMoment, null, average?.Parameters),
            new OptimizerStepOptions(
                ++_steps, (float)rate, (float)weightDecay, 0.9f, 0.999f, 1e-8f, 0, false, (float)averageKeep),
            _optimizerSums);
        graph.Weights.MarkChanged();
        average?.MarkChanged();
        return double.IsFinite(before)
            ? before
            : throw new SelfAdaptException(
                ErrorKind.Numerics, $"Training ran away in step {_steps}: the loss is {before}. Lower the learning rate.");
    }

    /// <summary>The loss, and its gradient in the graph.</summary>
    public double Gradient(float[] input, Func<float[], (double Loss, float[] Gradient)> loss)
    {
        graph.Input.Upload(input);
        graph.Forward();
        (double value, float[] gradient) = loss(graph.Output.Download());
        graph.OutputGradient!.Upload(gradient);
        graph.Backward();
        return value;
    }

    /// <summary>What its steps hand on to each other, the weights included.</summary>
    public void Exchange(StateExchange state)
    {
        state.Number(ref _steps);
        state.Weights(graph.Weights);
        state.Vector(_firstMoment);
        state.Vector(_secondMoment);
        if (average is not null)
        {
            state.Weights(average);
        }
    }

    public void Dispose()
    {
        foreach (DeviceVector vector in new[] { _optimizerSums, _firstMoment, _secondMoment })
        {
            vector.Dispose();
        }
    }
}
