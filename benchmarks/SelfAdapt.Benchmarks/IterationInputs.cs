using System.Text.Json.Nodes;
using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Learning;
using SelfAdapt.Engine;

namespace SelfAdapt.Benchmarks;

/// <summary>What an iteration starts from on both sides: the defaults of `adapt`, a batch, random draws.</summary>
internal sealed class IterationInputs
{
    private const int Draws = 4;

    private readonly string _checkpoint;

    /// <summary>Makes them.</summary>
    /// <param name="checkpoint">The weights' file.</param>
    /// <param name="options">The method's options.</param>
    public IterationInputs(string checkpoint, AdaptationOptions options)
    {
        (_checkpoint, Options) = (checkpoint, options);
        int plane = options.Crop * options.Crop;
        float[] first = Inputs.Noise((long)Options.BatchSize * plane, 1);
        Weak = new float[2 * first.Length];
        for (int i = 0; i < first.Length; i++)
        {
            // The second channel is empty, as with most of Cellpose's images.
            Weak[(2 * plane * (i / plane)) + (i % plane)] = first[i] + 0.5f;
        }

        RandomStream random = new(1);
        StrongAugmenter augmenter = new(Options);
        Augmentations = [.. Enumerable.Range(0, Draws).Select(_ => new StrongAugmentation[Options.BatchSize])];
        foreach (StrongAugmentation[] samples in Augmentations)
        {
            augmenter.Draw(random, samples);
        }
    }

    /// <summary>The method's options.</summary>
    public AdaptationOptions Options { get; }

    /// <summary>Strong augmentations, one set of samples per iteration, then from the start again.</summary>
    public StrongAugmentation[][] Augmentations { get; }

    /// <summary>The batch of crops, [N,2,crop,crop].</summary>
    public float[] Weak { get; }

    /// <summary>All of it as the peer takes it.</summary>
    public JsonObject ForPeer() => new()
    {
        ["state"] = _checkpoint,
        ["batch"] = Options.BatchSize,
        ["size"] = Options.Crop,
        ["options"] = new JsonObject
        {
            ["learning_rate"] = Options.LearningRate,
            ["weight_decay"] = Options.WeightDecay,
            ["lambda_bal"] = Options.LambdaBal,
            ["lambda_l2sp"] = Options.LambdaL2Sp,
            ["ema"] = Options.Ema,
            ["class_quantile"] = Options.ClassQuantile,
            ["regression_quantile"] = Options.RegressionQuantile,
            ["keep"] = Options.ThresholdKeep,
            ["norm_momentum"] = Options.NormMomentum,
        },
        ["augmentations"] = new JsonArray([.. Augmentations.Select(
            batch => new JsonArray([.. batch.Select(s => new JsonObject
            {
                ["apply"] = s.Apply, ["contrast_first"] = s.ContrastFirst, ["brightness"] = s.Brightness,
                ["contrast"] = s.Contrast, ["blur"] = s.BlurSigma, ["noise"] = s.NoiseSigma,
            })]))]),
    };
}
