using System;
using System.Linq;
using System.Text.Json.Nodes;
using SelfAdapt.Adaptation;
using SelfAdapt.Autodiff;
using SelfAdapt.Compute;
using SelfAdapt.Compute.Cpu;
using SelfAdapt.Onnx;

namespace SelfAdapt.Benchmarks;

/// <summary>Our whole iteration of SelfAdapt with the defaults of `adapt`, on a batch already cut.</summary>
internal sealed class IterationCase : IDisposable
{
    private const int Draws = 4;

    private readonly CpuBackend _backend;
    private readonly SelfTraining _training;
    private readonly AdaptationOptions _options;
    private readonly StrongAugmentation[][] _augmentations;
    private readonly float[] _weak;

    /// <summary>Compiles student and teacher.</summary>
    /// <param name="checkpoint">The weights' file.</param>
    /// <param name="threads">Threads.</param>
    /// <param name="size">Crop, px.</param>
    public IterationCase(string checkpoint, int threads, int size)
    {
        _options = new AdaptationOptions { Crop = size };
        Network network = NetworkImporter.Import(CellposeGraphBuilder.Build(TorchCheckpoint.Load(checkpoint)));
        _backend = new CpuBackend(threads);
        _training = new SelfTraining(network, _backend, _options);
        int plane = size * size;
        float[] first = Inputs.Noise(_options.BatchSize * plane, 1);
        _weak = new float[2 * first.Length];
        for (int i = 0; i < first.Length; i++)
        {
            // The second channel is empty, as with most of Cellpose's images.
            _weak[(2 * plane * (i / plane)) + (i % plane)] = first[i] + 0.5f;
        }

        RandomStream random = new(1);
        StrongAugmenter augmenter = new(_options);
        _augmentations = [.. Enumerable.Range(0, Draws).Select(_ => new StrongAugmentation[_options.BatchSize])];
        foreach (StrongAugmentation[] samples in _augmentations)
        {
            augmenter.Draw(random, samples);
        }

        Arguments = ForPeer(checkpoint);
    }

    /// <summary>What the peer needs to run the same iteration.</summary>
    public JsonObject Arguments { get; }

    /// <summary>Images per batch.</summary>
    public int BatchSize => _options.BatchSize;

    /// <summary>One iteration.</summary>
    /// <returns>The confidence thresholds of rows, columns, background, cell after it.</returns>
    public float[] Run()
    {
        StrongAugmentation[] augmentations = _augmentations[_training.Steps % Draws];
        StepPoint point = _training.Step(_weak, augmentations, _options.LearningRate);
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

    private JsonObject ForPeer(string checkpoint) => new()
    {
        ["state"] = checkpoint, ["batch"] = _options.BatchSize, ["size"] = _options.Crop,
        ["options"] = new JsonObject
        {
            ["learning_rate"] = _options.LearningRate, ["weight_decay"] = _options.WeightDecay,
            ["lambda_bal"] = _options.LambdaBal, ["lambda_l2sp"] = _options.LambdaL2Sp, ["ema"] = _options.Ema,
            ["class_quantile"] = _options.ClassQuantile, ["regression_quantile"] = _options.RegressionQuantile,
            ["keep"] = _options.ThresholdKeep, ["norm_momentum"] = _options.NormMomentum,
        },
        ["augmentations"] = new JsonArray([.. _augmentations.Select(
            batch => new JsonArray([.. batch.Select(s => new JsonObject
            {
                ["apply"] = s.Apply, ["contrast_first"] = s.ContrastFirst, ["brightness"] = s.Brightness,
                ["contrast"] = s.Contrast, ["blur"] = s.BlurSigma, ["noise"] = s.NoiseSigma,
            })]))]),
    };
}
