using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Learning;
using SelfAdapt.Engine;
using SelfAdapt.Models.Cellpose;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Torch;

namespace SelfAdapt.Benchmarks;

/// <summary>Our whole iteration of SelfAdapt with the defaults of `adapt`, on a batch already cut.</summary>
internal sealed class IterationCase : IDisposable
{
    private readonly IterationInputs _inputs;
    private readonly Backend _backend;
    private readonly AdaptationStep _training;

    /// <summary>Compiles student and teacher.</summary>
    /// <param name="checkpoint">The weights' file.</param>
    /// <param name="backend">Where it runs; it is disposed with this.</param>
    /// <param name="options">The method's options.</param>
    public IterationCase(string checkpoint, Backend backend, AdaptationOptions options)
    {
        _inputs = new IterationInputs(checkpoint, options);
        Network network = Network.Read(CellposeGraphBuilder.Build(TorchCheckpoint.Load(checkpoint)));
        _backend = backend;
        _training = new AdaptationStep(network, _backend, _inputs.Options);
    }

    /// <summary>One iteration.</summary>
    /// <returns>The confidence thresholds of rows, columns, background, cell after it.</returns>
    public float[] Run()
    {
        StrongAugmentation[] augmentations = _inputs.Augmentations[_training.Steps % _inputs.Augmentations.Length];
        if (_training.Steps == 0)
        {
            _training.Send(_inputs.Weak);
        }

        // As a run does it: the next batch is sent while the step is under way.
        _training.Begin(augmentations, _inputs.Options.LearningRate);
        _training.Send(_inputs.Weak);
        StepPoint point = _training.End();
        ReadOnlySpan<float> t = point.Thresholds.Span;

        // Rows and columns have one threshold of two in use.
        return [t[0], t[2], t[4], t[5]];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _training.Dispose();
        _backend.Dispose();
    }
}
