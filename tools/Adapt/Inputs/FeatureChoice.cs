using SelfAdapt.ShallowToDeep.Features;

namespace SelfAdapt.Tool.Inputs;

/// <summary>Which pixel features a forest learns from.</summary>
internal enum FeatureChoice
{
    /// <summary>43 columns.</summary>
    Full,

    /// <summary>28 columns.</summary>
    Fast,
}

/// <summary>What the choices stand for.</summary>
internal static class FeatureChoices
{
    public static FeatureSet Set(this FeatureChoice choice) =>
        choice == FeatureChoice.Fast ? FeatureSet.Fast : FeatureSet.Full;
}
