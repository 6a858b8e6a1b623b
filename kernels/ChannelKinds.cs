namespace SelfAdapt.Kernels;

/// <summary>How tables of kinds tell how a channel is trained.</summary>
public static class ChannelKinds
{
    /// <summary>A number, by squares.</summary>
    public const int Squares = 0;

    /// <summary>A logit, by cross-entropy.</summary>
    public const int Logit = 1;

    /// <summary>This, plus the channel of the object's logit: a distance, by its error in objects.</summary>
    public const int Distances = 2;

    /// <summary>Most classes of one softmax.</summary>
    public const int MostClasses = 64;

    /// <summary>Below 0: a class of a softmax over a run of channels.</summary>
    public static int Class(int first, int classes) => -((first * MostClasses) + classes);

    /// <summary>The softmax's first channel.</summary>
    public static int FirstClass(int kind) => (-kind - 1) / MostClasses;

    /// <summary>How many classes there are.</summary>
    public static int Classes(int kind) => ((-kind - 1) % MostClasses) + 1;
}
