namespace SelfAdapt.Segmentation.Simulation;

/// <summary>
/// What a simulated fluorescence micrograph of nuclei looks like. Light is in units of a typical nucleus of
/// the clean preset; the camera turns one unit into <see cref="PhotonScale"/> photons.
/// </summary>
internal sealed record MicrographOptions
{
    /// <summary>Like ordinary, well-exposed fluorescence nuclei.</summary>
    public static MicrographOptions Clean { get; } = new();

    /// <summary>The same nuclei out of focus, dim, noisy and on an uneven background.</summary>
    public static MicrographOptions Shifted { get; } = new()
    {
        Contrast = 0.2,
        BlurSigma = 2,
        Background = 0.35,
        BackgroundUnevenness = 0.75,
        PhotonScale = 100,
        ReadNoise = 2.5,
    };

    public int Height { get; init; } = 256;

    public int Width { get; init; } = 256;

    /// <summary>Nuclei to place; fewer if no room is left.</summary>
    public int Nuclei { get; init; } = 40;

    /// <summary>Mean diameter, px.</summary>
    public double Diameter { get; init; } = 22;

    /// <summary>Standard deviation of the diameter as a fraction of the mean.</summary>
    public double DiameterSpread { get; init; } = 0.18;

    /// <summary>Largest eccentricity of the ellipses, 0 (circles) up to below 1.</summary>
    public double Eccentricity { get; init; } = 0.75;

    /// <summary>Amplitude of the smooth deviation of a contour from its ellipse, as a fraction of the radius.</summary>
    public double ContourRoughness { get; init; } = 0.06;

    /// <summary>Largest part of a nucleus that may lie under others; negative keeps a gap between all.</summary>
    public double MaximumOverlap { get; init; } = 0.08;

    /// <summary>Standard deviation of the log brightness between nuclei.</summary>
    public double BrightnessSpread { get; init; } = 0.3;

    /// <summary>Amplitude of the texture inside a nucleus as a fraction of its brightness.</summary>
    public double Texture { get; init; } = 0.14;

    /// <summary>Brightness of a typical nucleus above the background.</summary>
    public double Contrast { get; init; } = 1;

    /// <summary>Standard deviation of the Gaussian point spread function, px.</summary>
    public double BlurSigma { get; init; } = 0.9;

    /// <summary>Mean brightness of the background.</summary>
    public double Background { get; init; } = 0.08;

    /// <summary>How far the background deviates from its mean, as a fraction of it, 0 to 1.</summary>
    public double BackgroundUnevenness { get; init; } = 0.15;

    /// <summary>Photons that the camera counts per unit of light; fewer mean more shot noise.</summary>
    public double PhotonScale { get; init; } = 900;

    /// <summary>Standard deviation of the camera's own noise, grey levels.</summary>
    public double ReadNoise { get; init; } = 3;

    /// <summary>The camera's grey level without light.</summary>
    public double Offset { get; init; } = 100;

    internal void Check()
    {
        Require(
            Height is >= 16 and <= 8192 && Width is >= 16 and <= 8192, "an image side is not in 16..8192");
        Require(Nuclei is >= 0 and <= 60_000, "the number of nuclei is not in 0..60000");
        Require(Diameter is >= 5 and <= 500, "the diameter is not in 5..500");
        Require(DiameterSpread is >= 0 and <= 0.5, "the diameter's spread is not in 0..0.5");
        Require(Eccentricity is >= 0 and <= 0.95, "the eccentricity is not in 0..0.95");
        Require(ContourRoughness is >= 0 and <= 0.3, "the contour's roughness is not in 0..0.3");
        Require(MaximumOverlap is >= -1 and <= 0.5, "the overlap is not in -1..0.5");
        Require(BrightnessSpread is >= 0 and <= 2, "the brightness's spread is not in 0..2");
        Require(Texture is >= 0 and <= 1, "the texture is not in 0..1");
        Require(Contrast is >= 0 and <= 100, "the contrast is not in 0..100");
        Require(BlurSigma is >= 0 and <= 50, "the blur is not in 0..50");
        Require(Background is >= 0 and <= 100, "the background is not in 0..100");
        Require(BackgroundUnevenness is >= 0 and <= 1, "the background's unevenness is not in 0..1");
        Require(PhotonScale is > 0 and <= 1e6, "the photon scale is not in 0..1000000");
        Require(ReadNoise is >= 0 and <= 1e4, "the read noise is not in 0..10000");
        Require(Offset is >= 0 and <= 6e4, "the offset is not in 0..60000");
    }

    private static void Require(bool holds, string fault)
    {
        if (!holds)
        {
            throw new ArgumentException($"Can't simulate a micrograph: {fault}.");
        }
    }
}
