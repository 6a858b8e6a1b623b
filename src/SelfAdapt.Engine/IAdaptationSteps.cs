using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine;

/// <summary>
/// What the methods compute beside the network, on a backend: plain vectors in and out, [N,C,H,W] as the shape beside
/// them says where nothing else is. Thresholds, losses and kept fractions stay in vectors on the device; the host
/// downloads them after a step, for the log.
/// </summary>
internal interface IAdaptationSteps
{
    void Fill(DeviceVector target, float value);

    void Copy(DeviceVector source, DeviceVector target) => Copy(source.Whole, target.Whole);

    /// <summary>target = source, of equal length and parts of different vectors.</summary>
    void Copy(VectorSlice source, VectorSlice target);

    /// <summary>target = keep * target + (1 - keep) * source: the EMA of running statistics.</summary>
    void MoveTowards(DeviceVector target, DeviceVector source, float keep);

    /// <summary>Applies a weak view to every image of a batch.</summary>
    void Reorient(DeviceVector source, TensorShape shape, Orientation view, DeviceVector target);

    /// <summary>Makes logits of classes their softmax's probabilities, in place; other channels stay.</summary>
    void Softmax(DeviceVector outputs, TensorShape shape, ReadOnlySpan<ChannelMeaning> channels);

    /// <summary>
    /// Turns the raw outputs of every view back (vector fields included) and takes mean and standard
    /// deviation over the views (docs/method.md, step 3).
    /// </summary>
    /// <param name="outputs">Per view, as the network returned it for the turned input.</param>
    /// <param name="shape">Size of one output before turning; H = W.</param>
    /// <param name="deviation">With n - 1 in the denominator; zero for a single view.</param>
    void ViewMoments(
        ReadOnlySpan<DeviceVector> outputs, ReadOnlySpan<Orientation> views, TensorShape shape,
        ReadOnlySpan<ChannelMeaning> channels, bool averageProbabilities,
        DeviceVector mean, DeviceVector deviation);

    /// <summary>
    /// Moves the confidence thresholds towards this batch's quantiles. Logit channels: per predicted class
    /// the q-quantile of the predicted class's probability; regression channels: the Q-quantile of the
    /// deviation, of distances where an object is predicted; classes: the q-quantile of their own probability where it
    /// is the highest. The first batch sets them (docs/method.md).
    /// </summary>
    /// <param name="classQuantile">q, 0.2 in the paper's source.</param>
    /// <param name="regressionQuantile">Q, 0.8 in the paper.</param>
    /// <param name="thresholds">
    /// [4 C]: per channel background threshold, foreground threshold (logit) or deviation threshold, unused
    /// (regression) or the class's threshold, unused (classes), then a flag for each of the two that is 1 once it has been set. Zero at the start. A
    /// class that the batch lacks leaves its threshold alone; a NaN among the values makes the threshold NaN.
    /// </param>
    void UpdateThresholds(
        DeviceVector mean, DeviceVector deviation, TensorShape shape, ReadOnlySpan<ChannelMeaning> channels,
        float classQuantile, float regressionQuantile, float keep, bool meanIsProbability,
        DeviceVector thresholds);

    /// <summary>
    /// The masked loss CE + lambda_bal * MSE (paper eq. 1) and its gradient; means run over all elements, a
    /// vector field's or several regression channels' MSE over all of them together. A logit pixel is kept
    /// where its predicted class's probability is at least that class's threshold, a regression value where
    /// its deviation is at most the channel's threshold; what is not kept counts as 0. A distance counts where an object
    /// is predicted, its absolute error times the object's probability in the place of the square. Classes are kept together
    /// where the likeliest one's probability is at least its threshold; their cross-entropy is the softmax's.
    /// </summary>
    /// <param name="mean">Pseudo-labels; of classes always probabilities.</param>
    /// <param name="gradient">Receives d loss / d student.</param>
    /// <param name="sums">
    /// Receives [3 + C]: cross-entropy, MSE, CE + lambda_bal * MSE, then per channel the fraction kept. Where the batch is
    /// divided over ranks the losses and the gradient are these samples' part of the whole batch's means.
    /// </param>
    void MaskedLoss(
        DeviceVector student, DeviceVector mean, DeviceVector deviation, TensorShape shape,
        ReadOnlySpan<ChannelMeaning> channels, in MaskedLossOptions options, DeviceVector thresholds,
        DeviceVector gradient, DeviceVector sums);

    /// <summary>
    /// Cellpose's supervised loss 0.5 mean((y - 5 flow)^2) + mean BCE and its gradient (docs/cellpose.md
    /// 5.1); for a network with a single logit the BCE alone; for one with distances StarDist's loss, BCE + 0.2 mean(p
    /// |y - d| + 1e-4 (1 - p) |y|). Regression part and logit are the first of their kind; any other channel gets a
    /// gradient of 0.
    /// </summary>
    /// <param name="cell">[N,H,W], 0 or 1, or p from 0 to 1.</param>
    /// <param name="flow">[N,2,H,W], unit flow; or [N,rays,H,W], distances.</param>
    /// <param name="gradient">Receives d loss / d output.</param>
    /// <param name="sums">Receives [3]: flow term (with its 0.5), BCE, loss.</param>
    void SupervisedLoss(
        DeviceVector output, TensorShape shape, ReadOnlySpan<ChannelMeaning> channels, DeviceVector cell,
        DeviceVector flow, float flowScale, DeviceVector gradient, DeviceVector sums);

    /// <summary>
    /// The student's strong augmentation (docs/method.md). Per sample, for every channel that is
    /// not all zero: brightness x = max(0, b x) and contrast x = max(0, f x + (1 - f) mean(x)), in the
    /// sample's order, the mean being that of the channel as it enters the contrast step; then a Gaussian
    /// blur, separable, rows first, weights exp(-k^2 / (2 sigma^2)) for |k| up to ceil(3 sigma), divided by
    /// their sum, borders mirrored without repeating the edge pixel (index -1 is 1, as often as it takes);
    /// then noise: x += sigma * <see cref="CounterRandom.Normal"/>(seed, (c H + y) W + x), so that every
    /// backend draws the same numbers. An all-zero channel, and a sample not to be augmented, are copied.
    /// </summary>
    void StrongAugment(
        DeviceVector source, TensorShape shape, ReadOnlySpan<StrongAugmentation> samples,
        DeviceVector target);

    /// <summary>
    /// One optimiser step over all parameters in one pass: L2-SP's gradient added (paper eq. 2), AdamW with
    /// decoupled weight decay, then the teacher's EMA.
    /// </summary>
    /// <param name="sums">
    /// Receives [2]: sum (w - w0)^2 before the step, and the squared norm of the whole gradient (L2-SP included).
    /// </param>
    void OptimizerStep(
        in OptimizerVectors state, in OptimizerStepOptions options, DeviceVector sums);
}

/// <summary>Switches of the masked loss.</summary>
/// <param name="LambdaBal">Weight of the regression loss, 0.5 in the paper.</param>
/// <param name="SoftLabels">Cross-entropy against the probability instead of the hard class.</param>
internal readonly record struct MaskedLossOptions(
    float LambdaBal, bool UseClassMask, bool UseRegressionMask, bool SoftLabels, bool MeanIsProbability);

/// <summary>One sample's strong augmentation, drawn on the host.</summary>
/// <param name="Contrast">Factor f: f x + (1 - f) mean, the mean taken per channel.</param>
/// <param name="BlurSigma">Standard deviation of the Gaussian, px; 0 = none; radius ceil(3 sigma).</param>
/// <param name="NoiseSigma">Standard deviation of the noise; none on a channel that is all zero.</param>
internal readonly record struct StrongAugmentation(
    bool Apply, bool ContrastFirst, float Brightness, float Contrast, float BlurSigma, float NoiseSigma,
    ulong NoiseSeed);

/// <summary>The vectors of an optimiser step.</summary>
/// <param name="Gradient">d loss / d w without L2-SP.</param>
/// <param name="Anchor">w0 of L2-SP, or null for none.</param>
/// <param name="Teacher">The EMA, updated, or null for none.</param>
internal readonly record struct OptimizerVectors(
    DeviceVector Weights, DeviceVector Gradient, DeviceVector FirstMoment, DeviceVector SecondMoment,
    DeviceVector? Anchor, DeviceVector? Teacher);

/// <summary>The numbers of an optimiser step.</summary>
/// <param name="LearningRate">This step's learning rate; 0 leaves every weight bit-identical.</param>
/// <param name="WeightDecay">Decoupled: w -= lr * decay * w.</param>
/// <param name="LambdaL2Sp">Weight of sum (w - w0)^2.</param>
/// <param name="DecoupledL2Sp">Apply L2-SP like weight decay instead of through the gradient.</param>
/// <param name="EmaKeep">The teacher's rate alpha; 1 leaves it alone.</param>
internal readonly record struct OptimizerStepOptions(
    int Step, float LearningRate, float WeightDecay, float Beta1, float Beta2, float Epsilon,
    float LambdaL2Sp, bool DecoupledL2Sp, float EmaKeep);
